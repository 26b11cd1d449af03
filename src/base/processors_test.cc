#include "base/processors.h"

#include <gtest/gtest.h>

#include "testing/files.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  testing::write_file(file, text);
}

TEST(Processors, OneOfEachCoreFirstSocketBySocket) {
  // Two sockets, whose processors take turns, of two cores of two.
  const std::vector<Processor> machine{{0, 0, 0}, {1, 1, 1}, {2, 2, 0}, {3, 3, 1},
                                       {4, 0, 0}, {5, 1, 1}, {6, 2, 0}, {7, 3, 1}};
  const ThreadOrder order = order_for_threads(machine);
  EXPECT_EQ(order.cpus, (std::vector<int>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(order.cores, 4);
}

TEST(Processors, ACoreOfWhichOneProcessorIsAllowedCounts) {
  const std::vector<Processor> allowed{{4, 0, 0}, {5, 1, 0}, {1, 1, 0}};
  const ThreadOrder order = order_for_threads(allowed);
  EXPECT_EQ(order.cpus, (std::vector<int>{4, 5, 1}));
  EXPECT_EQ(order.cores, 2);
  EXPECT_EQ(order_for_threads({}).cores, 0);
}

TEST(Processors, TopologyIsReadWhereItMakesSense) {
  const testing::TemporaryFolder folder;
  const fs::path root = folder / "";
  put(root / "cpu0/topology/thread_siblings_list", "0-1\n");
  put(root / "cpu0/topology/physical_package_id", "1\n");
  put(root / "cpu1/topology/thread_siblings_list", "0,1\n");
  put(root / "cpu2/topology/thread_siblings_list", "nonsense");
  put(root / "cpu2/topology/physical_package_id", "");
  const std::vector<int> cpus{0, 1, 2, 3};
  const std::vector<Processor> expected{{0, 0, 1}, {1, 0, 0}, {2, 2, 0}, {3, 3, 0}};
  EXPECT_EQ(read_topology(cpus, root), expected);
}

TEST(Processors, TheLeastQuotaOfTheGroupAndThoseAboveCounts) {
  const testing::TemporaryFolder folder;
  const fs::path root = folder / "";
  EXPECT_EQ(processor_quota("0::/a/b\n", root), std::nullopt);
  put(root / "a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(processor_quota("0::/a/b\n", root), std::nullopt);
  put(root / "a/cpu.max", "250000 100000\n");
  EXPECT_EQ(processor_quota("0::/a/b\n", root), 2.5);
  put(root / "cpu.max", "400000 100000\n");
  EXPECT_EQ(processor_quota("0::/a/b\n", root), 2.5);
  EXPECT_EQ(processor_quota("0::/\n", root), 4.0);
  for (const char* odd : {"nonsense", "0 100000", "100000", "-1 -1", "100000 0"}) {
    put(root / "c/cpu.max", odd);
    EXPECT_EQ(processor_quota("0::/c\n", root), 4.0) << odd;
  }
}

TEST(Processors, VersionOneHasAFolderForTheController) {
  const testing::TemporaryFolder folder;
  const fs::path root = folder / "";
  put(root / "cpu/g/cpu.cfs_quota_us", "150000\n");
  put(root / "cpu/g/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(processor_quota("3:cpuset:/g\n2:cpu,cpuacct:/g\n0::/\n", root), 1.5);
  EXPECT_EQ(processor_quota("3:cpuset:/g\nodd\n:\n", root), std::nullopt);
  put(root / "cpu/g/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(processor_quota("2:cpuacct,cpu:/g\n", root), std::nullopt);
}

TEST(Processors, ThisMachineHasSome) {
  EXPECT_GE(available_processors(), 1);
  EXPECT_LE(available_processors(), static_cast<int>(processors_for_threads().size()));
}

}  // namespace
}  // namespace loci
