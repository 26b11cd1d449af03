#include "kernels/roofline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/system_memory.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels {
namespace {

constexpr int kRuns = 7;
constexpr int kPeakPieces = 32;  // of a run and a thread
constexpr std::size_t kGiB = std::size_t{1} << 30;

struct PeakLoop {
  Operands operands;
  Isa isa;
  std::string_view extension, instruction;
  double operations;  // of a round
  void (*run)(long rounds);
  bool (*present)();
};

#if defined(__x86_64__)
/// Its registers must be asked for first, which ops_for() does.
bool has_amx() {
  return ops_for(Isa::kAmx) != nullptr;
}

constexpr PeakLoop kLoops[] = {
    {Operands::kFloat32, Isa::kAvx2, "avx2", "vfmadd", peaks_avx2::kFmaOperations, peaks_avx2::fma,
     [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
    {Operands::kFloat32, Isa::kAvx512, "avx512", "vfmadd", peaks_avx512::kFmaOperations, peaks_avx512::fma,
     [] { return __builtin_cpu_supports("avx512f") != 0; }},
    {Operands::kBFloat16, Isa::kAvx512Bf16, "avx512_bf16", "vdpbf16ps", peaks_avx512_bf16::kOperations,
     peaks_avx512_bf16::dpbf16, [] { return __builtin_cpu_supports("avx512bf16") != 0; }},
    {Operands::kInt8, Isa::kAvx2, "avx2", "vpmaddubsw", peaks_avx2::kMaddubsOperations, peaks_avx2::maddubs,
     [] { return __builtin_cpu_supports("avx2") != 0; }},
    {Operands::kInt8, Isa::kAvx2Vnni, "avx_vnni", "vpdpbusd", peaks_avx_vnni::kOperations,
     peaks_avx_vnni::dpbusd, [] { return __builtin_cpu_supports("avxvnni") != 0; }},
    {Operands::kInt8, Isa::kAvx512, "avx512", "vpmaddubsw", peaks_avx512::kMaddubsOperations,
     peaks_avx512::maddubs, [] { return __builtin_cpu_supports("avx512bw") != 0; }},
    {Operands::kInt8, Isa::kAvx512, "avx512_vnni", "vpdpbusd", peaks_avx512_vnni::kOperations,
     peaks_avx512_vnni::dpbusd, [] { return __builtin_cpu_supports("avx512vnni") != 0; }},
    {Operands::kBFloat16, Isa::kAmx, "amx_bf16", "tdpbf16ps", peaks_amx::kBf16Operations,
     peaks_amx::tdpbf16ps, has_amx},
    {Operands::kInt8, Isa::kAmx, "amx_int8", "tdpbssd", peaks_amx::kInt8Operations, peaks_amx::tdpbssd,
     has_amx},
};
#else
constexpr std::span<const PeakLoop> kLoops;
#endif

template <class F>
double seconds_of(F&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

template <class F>
double median_seconds(int runs, F&& work) {
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) times.push_back(seconds_of(work));
  std::ranges::sort(times);
  return times[times.size() / 2];
}

/// In small pieces, so that a thread that is held up delays the others by one of them at most.
void run_everywhere(const PeakLoop& loop, long rounds, WorkerPool& pool) {
  pool.for_each_chunk(kPeakPieces * pool.size(), 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) loop.run(rounds);
  });
}

double operations_per_second(const PeakLoop& loop, double seconds, WorkerPool& pool) {
  long rounds = 20'000;                // of a piece
  run_everywhere(loop, rounds, pool);  // awake, and at the clock that these instructions get
  const double first = seconds_of([&] { run_everywhere(loop, rounds, pool); });
  rounds = std::max(1L, static_cast<long>(static_cast<double>(rounds) * seconds / kRuns / first));
  const double median = median_seconds(kRuns, [&] { run_everywhere(loop, rounds, pool); });
  return loop.operations * static_cast<double>(rounds) * kPeakPieces * pool.size() / median;
}

constexpr std::size_t kReadPiece = std::size_t{1} << 20;

/// The sum of the words of `count` bytes (a multiple of two lines), with what lies `ahead` bytes on asked for
/// early; 0: the processor's own prefetching alone. Vectors of 16 bytes, which every processor has, are wide
/// enough: memory is slower.
template <std::size_t ahead>
std::uint64_t sum_words(const std::byte* from, std::size_t count) {
  using Words = std::uint64_t __attribute__((vector_size(16), may_alias));
  constexpr std::size_t kChains = 8;
  Words sums[kChains] = {};
  for (const std::byte* const end = from + count; from < end; from += sizeof sums) {
    if constexpr (ahead > 0) {
      __builtin_prefetch(from + ahead);
      __builtin_prefetch(from + ahead + sizeof sums / 2);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kChains; ++i) sums[i] += *(reinterpret_cast<const Words*>(from) + i);
  }
  Words sum = sums[0];
  for (std::size_t i = 1; i < kChains; ++i) sum += sums[i];
  return sum[0] + sum[1];
}

template <class Read>
double bytes_per_second(std::span<const std::byte> buffer, int runs, WorkerPool& pool, Read read) {
  const auto pieces = static_cast<int>(buffer.size() / kReadPiece);
  const double median = median_seconds(runs, [&] {
    pool.for_each_chunk(pieces, 1, [&](int begin, int end) {
      for (int i = begin; i < end; ++i) {
        const std::uint64_t sum = read(buffer.data() + static_cast<std::size_t>(i) * kReadPiece, kReadPiece);
        asm volatile("" : : "r"(sum));  // somebody wants to know
      }
    });
  });
  return static_cast<double>(pieces) * static_cast<double>(kReadPiece) / median;
}

}  // namespace

std::string_view operands_name(Operands operands) {
  switch (operands) {
    case Operands::kFloat32:
      return "fp32";
    case Operands::kBFloat16:
      return "bf16";
    case Operands::kInt8:
      return "int8";
  }
  LOCI_CHECK(false);
}

Operands operands_for(DType weights) {
  if (weights == DType::kF32) return Operands::kFloat32;
  if (is_float(weights) || weights == DType::kFp8) return Operands::kBFloat16;
  return Operands::kInt8;
}

double Roofline::peak(Operands operands, Isa isa) const {
  double best = 0;
  for (const Peak& peak : peaks)
    if (peak.isa <= isa && (peak.operands == operands || peak.operands == Operands::kFloat32))
      best = std::max(best, peak.operations_per_second);
  return best;
}

double floor_seconds(const Work& work, const Roofline& roofline, Isa isa) {
  const double peak = roofline.peak(work.operands, isa), read = roofline.read_bytes_per_second;
  return std::max(peak > 0 ? work.operations / peak : 0, read > 0 ? work.bytes / read : 0);
}

std::size_t default_read_bytes() {
  const auto cache = static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_LEVEL3_CACHE_SIZE)));
  const std::size_t wanted = std::clamp(3 * cache, kGiB, 4 * kGiB), available = available_memory();
  return available > 0 ? std::min(wanted, available / 4) : wanted;
}

Result<double> measure_read_bandwidth(WorkerPool& pool, const RooflineOptions& options) {
  const std::size_t wanted = options.read_bytes > 0 ? options.read_bytes : default_read_bytes();
  const std::size_t pieces = std::max<std::size_t>(wanted / kReadPiece, 1);
  LOCI_TRY(Arena arena, Arena::allocate((pieces + 1) * kReadPiece));  // one more, to be prefetched from
  const auto buffer = arena.bytes().first(pieces * kReadPiece);
  pool.for_each_chunk(static_cast<int>(pieces), 1, [&](int begin, int end) {  // first touch: where it is read
    for (int i = begin; i < end; ++i)
      std::memset(buffer.data() + static_cast<std::size_t>(i) * kReadPiece, i & 0xFF, kReadPiece);
  });
  const double first = bytes_per_second(buffer, 1, pool, sum_words<0>);
  const double one_run = static_cast<double>(buffer.size()) / first;
  const int runs = std::clamp(static_cast<int>(options.seconds / 2 / one_run), 3, 15);
  return std::max(bytes_per_second(buffer, runs, pool, sum_words<0>),
                  bytes_per_second(buffer, runs, pool, sum_words<2048>));
}

std::vector<Peak> measure_peaks(WorkerPool& pool, const RooflineOptions& options) {
  std::vector<Peak> peaks;
  for (const PeakLoop& loop : kLoops)
    if (loop.present())
      peaks.push_back({loop.operands, loop.isa, loop.extension, loop.instruction,
                       operations_per_second(loop, options.seconds, pool)});
  return peaks;
}

Result<Roofline> measure_roofline(WorkerPool& pool, const RooflineOptions& options) {
  LOCI_TRY(const double read, measure_read_bandwidth(pool, options));
  return Roofline{pool.size(), read, measure_peaks(pool, options)};
}

}  // namespace loci::kernels
