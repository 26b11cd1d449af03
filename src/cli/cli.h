// The composition root: reads the command line, builds the objects, runs one command.
#pragma once

namespace loci::cli {

/// Exit status: 0 done, 1 an error (one line on standard error), 2 a command line that cannot be understood.
int run(int argc, char** argv);

}  // namespace loci::cli
