// The processors that this process may run on.
#pragma once

namespace loci {

/// Those in the process's affinity mask; at least 1.
int available_processors();

}  // namespace loci
