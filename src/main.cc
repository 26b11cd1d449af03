#include "cli/cli.h"

int main(int argc, char** argv) {
  return loci::cli::run(argc, argv);
}
