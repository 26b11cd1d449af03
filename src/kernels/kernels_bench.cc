// Speed of the ops beside what the machine can do: a loop of multiply-adds and a loop of reads, in the same
// program.
//
// Every measured op is compared with the reference first. GFLOP/s and GB/s are those of the quickest
// iteration, which is what the code can do when neighbours on the machine are quiet. Options are Google
// Benchmark's.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <ctime>
#include <immintrin.h>
#include <map>
#include <memory>
#include <string>

#include "base/processors.h"
#include "kernels/test_support.h"

namespace loci::kernels {
namespace {

using testing::AlignedBytes;
using testing::Random;

constexpr int kColumns = 4096;
constexpr std::size_t kStreamedBytes = 96 << 20;  // a matrix that no cache holds
constexpr int kTiledRows = 2048;                  // enough where the multipliers are the limit

WorkerPool& pool() {
  static WorkerPool shared(available_processors());
  return shared;
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Runs `work` as Google Benchmark asks and reports rates by the quickest run.
template <class Work>
void measure(benchmark::State& state, double flops, double bytes, Work work) {
  using Clock = std::chrono::steady_clock;
  double quickest = 1e30;
  const double cpu_start = processor_seconds();
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    state.SetIterationTime(seconds);
    quickest = std::min(quickest, seconds);
  }
  const double cpu_seconds = processor_seconds() - cpu_start;
  state.counters["GFLOP/cpu_s"] = flops * static_cast<double>(state.iterations()) / cpu_seconds * 1e-9;
  state.counters["GFLOP/s"] = flops / quickest * 1e-9;
  state.counters["GB/s"] = bytes / quickest * 1e-9;
}

// --- What the machine can do
// ---------------------------------------------------------------------------------------

constexpr long kFmaRounds = 2'000'000;
constexpr int kFmaChains = 10;  // latency 4 times 2 units, and some

__attribute__((target("avx512f"))) float fma_loop_avx512() {
  __m512 sums[kFmaChains];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1.0f);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (long i = 0; i < kFmaRounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kFmaChains; ++j) sums[j] = _mm512_fmadd_ps(sums[j], a, b);
  }
  float total = 0;
  for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}

__attribute__((target("avx2,fma"))) float fma_loop_avx2() {
  __m256 sums[kFmaChains];
  for (__m256& sum : sums) sum = _mm256_set1_ps(1.0f);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (long i = 0; i < kFmaRounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kFmaChains; ++j) sums[j] = _mm256_fmadd_ps(sums[j], a, b);
  }
  float total = 0;
  for (const __m256& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}

void peak_fma(benchmark::State& state, Isa isa) {
  const int lanes = isa == Isa::kAvx512 ? 16 : 8;
  const double flops = 2.0 * lanes * kFmaChains * kFmaRounds * pool().size();
  measure(state, flops, 0, [&] {
    pool().for_each_chunk(pool().size(), 1, [&](int begin, int end) {
      for (int i = begin; i < end; ++i)
        benchmark::DoNotOptimize(isa == Isa::kAvx512 ? fma_loop_avx512() : fma_loop_avx2());
    });
  });
}

__attribute__((target("avx2"))) long long read_loop(const std::byte* from, const std::byte* to) {
  __m256i sums[4] = {};
  for (; from < to; from += sizeof sums) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      sums[i] = _mm256_add_epi64(sums[i], _mm256_load_si256(reinterpret_cast<const __m256i*>(from) + i));
  }
  return _mm256_extract_epi64(
      _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]), _mm256_add_epi64(sums[2], sums[3])), 0);
}

void peak_read(benchmark::State& state) {
  AlignedBytes bytes(kStreamedBytes);
  constexpr std::size_t kPiece = 1 << 18;
  measure(state, 0, static_cast<double>(kStreamedBytes), [&] {
    pool().for_each_chunk(static_cast<int>(kStreamedBytes / kPiece), 1, [&](int begin, int end) {
      for (int i = begin; i < end; ++i) {
        const std::byte* piece = bytes.data() + static_cast<std::size_t>(i) * kPiece;
        benchmark::DoNotOptimize(read_loop(piece, piece + kPiece));
      }
    });
  });
}

// --- matmul
// --------------------------------------------------------------------------------------------------------

/// A matrix of `rows` rows that repeats one random panel. The last one is kept, since making it takes time.
PackedMatrix repeated_panel(DType dtype, int rows) {
  static std::unique_ptr<AlignedBytes> bytes;
  static PackedMatrix matrix;
  if (bytes != nullptr && matrix.dtype == dtype && matrix.rows == rows) return matrix;
  Random random(1);
  const testing::OwnedMatrix panel(dtype, kPanelRows, kColumns, random);
  bytes = std::make_unique<AlignedBytes>(packed_bytes(dtype, rows, kColumns));
  matrix = {.dtype = dtype, .rows = rows, .columns = kColumns, .data = bytes->data()};
  for (int p = 0; p < matrix.panels(); ++p)
    std::memcpy(bytes->data() + static_cast<std::size_t>(p) * matrix.panel_bytes(), panel.view.data,
                matrix.panel_bytes());
  return matrix;
}

bool matmul_is_right(const OpTable& ops, MatmulArgs args) {
  args.weight.rows = 2 * kPanelRows + 5;
  args.tokens = std::min(args.tokens, 33);
  args.output_stride = args.weight.rows;
  std::vector<float> expected(static_cast<std::size_t>(args.tokens * args.output_stride)),
      actual(expected.size());
  args.output = expected.data();
  testing::reference().matmul(args, pool());
  args.output = actual.data();
  ops.matmul(args, pool());
  return testing::same_bits(actual, expected);
}

void matmul(benchmark::State& state, const OpTable* ops, DType dtype, int tokens) {
  const auto whole = static_cast<int>(kStreamedBytes / row_bytes(dtype, kColumns)) / 64 * 64;
  const PackedMatrix weight = repeated_panel(dtype, tokens > 32 ? kTiledRows : whole);
  const std::vector<float> input = Random(2).reals(tokens * kColumns);
  std::vector<float> output(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(weight.rows));
  const MatmulArgs args{.weight = weight,
                        .input = input.data(),
                        .tokens = tokens,
                        .mode = MatmulOutput::kStore,
                        .output = output.data(),
                        .output_stride = weight.rows};
  if (!matmul_is_right(*ops, args)) return state.SkipWithError("differs from the reference");
  const double multiplies = double{kColumns} * weight.rows * tokens;
  measure(state, 2 * multiplies, static_cast<double>(packed_bytes(dtype, weight.rows, kColumns)),
          [&] { ops->matmul(args, pool()); });
}

// --- attention
// -----------------------------------------------------------------------------------------------------

constexpr int kKvHeads = 8, kGroup = 4, kHeadDim = 128, kBlockTokens = 16;

/// `tokens` queries at the end of one sequence of `length` positions.
struct AttentionCase {
  AttentionCase(DType dtype, int length, int tokens)
      : keys_bytes(kv_element(dtype) * kKvHeads * kBlockTokens * kHeadDim),
        arena(2 * keys_bytes * static_cast<std::size_t>((length + kBlockTokens - 1) / kBlockTokens)),
        queries(Random(1).reals(tokens * width())),
        sequence(static_cast<std::size_t>(tokens), 0),
        output(queries.size()) {
    fill_with_numbers(dtype);
    for (int b = 0; b * kBlockTokens < length; ++b) table.push_back(static_cast<std::uint32_t>(b));
    for (int t = 0; t < tokens; ++t) positions.push_back(length - tokens + t);
    args = {.kv = {.arena = arena.data(),
                   .dtype = dtype,
                   .block_bytes = 2 * keys_bytes,
                   .key_offset = 0,
                   .value_offset = keys_bytes,
                   .block_tokens = kBlockTokens,
                   .kv_heads = kKvHeads,
                   .head_dim = kHeadDim},
            .rows = {positions.data(), sequence.data(), tables},
            .queries = queries.data(),
            .tokens = tokens,
            .query_stride = width(),
            .heads = kKvHeads * kGroup,
            .scale = 0.088f,
            .output = output.data(),
            .output_stride = width()};
    tables[0] = table.data();
  }
  AttentionCase(const AttentionCase&) = delete;
  AttentionCase& operator=(const AttentionCase&) = delete;

  static int width() { return kKvHeads * kGroup * kHeadDim; }
  static std::size_t kv_element(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

  void fill_with_numbers(DType dtype) {
    const std::vector<float> row = Random(3).reals(1024);
    for (std::size_t at = 0; at + row_bytes(dtype, 1024) <= arena.size; at += row_bytes(dtype, 1024))
      quantize_row(dtype, row.data(), 1024, arena.data() + at);
  }

  std::size_t keys_bytes;
  AlignedBytes arena;
  std::vector<float> queries;
  std::vector<int> positions, sequence;
  std::vector<std::uint32_t> table;
  const std::uint32_t* tables[1];
  std::vector<float> output;
  AttentionArgs args;
};

bool attention_is_right(const OpTable& ops, AttentionCase& c) {
  AttentionArgs args = c.args;
  args.tokens = std::min(args.tokens, 3);
  testing::reference().attention(args, pool());
  const std::vector<float> expected = c.output;
  ops.attention(args, pool());
  return testing::same_bits(c.output, expected);
}

void attention(benchmark::State& state, const OpTable* ops, DType dtype, int length, int tokens) {
  AttentionCase c(dtype, length, tokens);
  if (!attention_is_right(*ops, c)) return state.SkipWithError("differs from the reference");
  double positions = 0;
  for (const int position : c.positions) positions += position + 1;
  const double flops = 4.0 * positions * AttentionCase::width();
  const double bytes =
      2.0 * length * kKvHeads * kHeadDim * static_cast<double>(AttentionCase::kv_element(dtype));
  measure(state, flops, bytes, [&] { ops->attention(c.args, pool()); });
}

// --- registration
// --------------------------------------------------------------------------------------------------

template <class... Args>
void add(const std::string& name, Args... args) {
  benchmark::RegisterBenchmark(name.c_str(), args...)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->MinTime(0.2);
}

void register_all() {
  for (const OpTable* ops : testing::simd_tables())
    add(std::string("peak/fma/") + ops->name, peak_fma,
        ops == ops_for(Isa::kAvx512) ? Isa::kAvx512 : Isa::kAvx2);
  if (ops_for(Isa::kAvx2) != nullptr) add("peak/read", peak_read);
  for (const DType dtype : testing::weight_types())
    for (const int tokens : {1, 4, 32, 512})
      for (const OpTable* ops : testing::simd_tables())
        add(std::string("matmul/") + std::string(traits(dtype).name) + "/tokens:" + std::to_string(tokens) +
                "/" + ops->name,
            matmul, ops, dtype, tokens);
  for (const DType dtype : testing::kKvTypes)
    for (const int tokens : {1, 128})
      for (const OpTable* ops : testing::simd_tables())
        add(std::string("attention/") + std::string(traits(dtype).name) +
                "/length:4096/tokens:" + std::to_string(tokens) + "/" + ops->name,
            attention, ops, dtype, 4096, tokens);
}

}  // namespace
}  // namespace loci::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  loci::kernels::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
