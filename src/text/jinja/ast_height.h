// Heights of syntax tree nodes, from the heights of their children.
#pragma once

#include "text/jinja/ast.h"

namespace loci::jinja {

int height_over(const decltype(Expr::node)& node);
int height_over(const decltype(Stmt::node)& node);

}  // namespace loci::jinja
