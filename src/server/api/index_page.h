// The static page, index.html, as it is in the repository.
#pragma once

#include <string_view>

namespace loci::api {

extern const std::string_view kIndexPage;  // with @model@ and @origin@ to be filled in

}  // namespace loci::api
