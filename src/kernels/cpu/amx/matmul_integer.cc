// Integer arithmetic of many rows on AMX: tiles of 16 rows by one panel of 16 outputs by 32 columns.
//
// Every block of 32 columns has scales of its own, so a tile's dot products leave the tile registers for
// memory after each block, and vectors scale and add them, as ops.h says: the bits are those of every other
// instruction set. That, not the multiplication, is what the time goes into. While tiles are in use a
// processor (Sapphire Rapids) multiplies 16 floats a cycle, not 32: the second multiplier of the vectors is
// that of the tiles. Additions keep both ports; so bytes' sums become floats by two additions.
//
// The rows are packed once into tiles for all panels, the columns of a panel once for all rows; both stay
// in the second-level cache.
#include <cstring>

#include "kernels/cpu/amx/matmul.h"
#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/amx/vec.h"
#include "kernels/cpu/integer_codes.inl.h"
#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/scratch.h"
#include "tensor/formats/integer_block.h"

namespace loci::kernels::amx {
namespace {

constexpr int kChunkBlocks = 48;  // of a panel's columns, unpacked: 30 KB of the first-level cache
constexpr int kPanelsTogether = kActivatedPanels;  // whose sums are written together
constexpr int kMaxGroups = 16;                     // of rows: their sums, with four panels, are 64 KB
constexpr long kRowsBytes = 1 << 20;               // of the packed rows: half of the second-level cache

/// 32 columns of a group of 16 rows.
struct alignas(64) RowTile {
  std::int8_t codes[kTileRows][kQuantizedColumns];
  float scales[kTileRows];
  float sums[kTileRows];
};

/// 32 columns of a panel: signed codes as dot_bytes() takes them.
struct alignas(64) PanelTile {
  std::byte codes[kQuantizedColumns / 4][kTileBytes];
  float scales[kPanelRows];
  float minima[kPanelRows];
};

/// What a thread works on. Sums: [panel][row][16].
struct alignas(64) Buffers {
  PanelTile panel[kChunkBlocks];
  float sums[(kPanelsTogether * kMaxGroups + 1) * kTileRows][kPanelRows];
};

/// Memory to be asked for meanwhile: `lines` lines at each block.
struct Ahead {
  const std::byte* at;
  int lines;
};

/// Adds the dot products of one block to the sums of 16 rows.
template <bool kMinimum>
inline __attribute__((always_inline)) void add_dots(const std::int32_t (&dots)[kTileRows][kPanelRows],
                                                    const RowTile& rows, const PanelTile& panel,
                                                    __m512 (&sums)[kTileRows]) {
  // A float of 2^23 + 2^22 + dot has dot in its lowest bits: |dot| <= 32 * 127 * 128 < 2^22.
  const __m512 shift = _mm512_set1_ps(0x1.8p+23f);
  const __m512 scales = _mm512_load_ps(panel.scales), minima = _mm512_load_ps(panel.minima);
#pragma GCC unroll 16
  for (int t = 0; t < kTileRows; ++t) {
    const __m512i shifted = _mm512_add_epi32(_mm512_load_si512(dots[t]), _mm512_castps_si512(shift));
    const __m512 dot = _mm512_sub_ps(_mm512_castsi512_ps(shifted), shift);
    const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(rows.scales[t]));
    sums[t] = _mm512_fmadd_ps(dot, scale, sums[t]);
    if constexpr (kMinimum) sums[t] = _mm512_fmadd_ps(minima, _mm512_set1_ps(rows.sums[t]), sums[t]);
  }
}

/// Adds `blocks` blocks to `sums`, [row][16]. Three steps are under way at a time, so that none waits for the
/// one before: block b is multiplied into one of two tiles, b - 2 is added from memory, b - 1 leaves the
/// other tile for there. One place in memory is a third quicker than four: a load whose address is like that
/// of a store under way, but for what is above 4 KB, waits for it.
template <bool kMinimum>
__attribute__((noinline)) void multiply_blocks(const RowTile* rows, const PanelTile* panel, int blocks,
                                               float (*sums)[kPanelRows], Ahead ahead) {
  alignas(64) std::int32_t dots[kTileRows][kPanelRows];
  __m512 sum[kTileRows];
#pragma GCC unroll 16
  for (int t = 0; t < kTileRows; ++t) sum[t] = _mm512_load_ps(sums[t]);
  const auto step = [&]<int kParity>(int b) __attribute__((always_inline)) {
    if (b < blocks) {
      zero_tile<kParity>();
      load_tile<2 + kParity>(rows[b].codes, kQuantizedColumns);
      load_tile<4 + kParity>(panel[b].codes);
      dot_bytes<kParity, 2 + kParity, 4 + kParity>();
      for (int line = 0; line < ahead.lines; ++line, ahead.at += 64)
        _mm_prefetch(reinterpret_cast<const char*>(ahead.at), _MM_HINT_T1);
    }
    if (b >= 2) add_dots<kMinimum>(dots, rows[b - 2], panel[b - 2], sum);
    if (b >= 1 && b <= blocks) store_tile<1 - kParity>(dots);
  };
  int b = 0;
  for (; b + 1 < blocks + 2; b += 2) {
    step.template operator()<0>(b);
    step.template operator()<1>(b + 1);
  }
  if (b < blocks + 2) step.template operator()<0>(b);
#pragma GCC unroll 16
  for (int t = 0; t < kTileRows; ++t) _mm512_store_ps(sums[t], sum[t]);
}

/// A run of rows, packed.
struct PackedRows {
  RowTile* tiles;  // [group][block]
  int first, count, blocks;

  int groups() const { return (count + kTileRows - 1) / kTileRows; }
};

/// Rows beyond the last are zeros.
void pack_group(const MatmulArgs& args, const PackedRows& rows, int group) {
  RowTile* tile = rows.tiles + offset(group, rows.blocks);
  const int left = rows.count - group * kTileRows, count = left < kTileRows ? left : kTileRows;
  const QuantizedBlock* input = args.quantized + rows.first + group * kTileRows;
  for (int b = 0; b < rows.blocks; ++b, ++tile, input += args.tokens) {
    if (count < kTileRows) std::memset(tile, 0, sizeof *tile);
    for (int t = 0; t < count; ++t) {
      std::memcpy(tile->codes[t], input[t].codes, sizeof tile->codes[t]);
      tile->scales[t] = input[t].scale;
      tile->sums[t] = input[t].sum;
    }
  }
}

template <class Integers>
void unpack_panel(const std::byte* weights, int first_block, int blocks, PanelTile* tiles) {
  using Columns = typename Integers::Columns;
  constexpr int kShift = Columns::kMinimum ? 0 : kByteSigns;  // a zero of 128 to one of 0
  for (int i = 0; i < blocks; ++i) {
    const int b = first_block + i;
    Columns columns;
    Integers::read(weights + offset(b / Integers::kBlocks, Integers::kBytes), b % Integers::kBlocks, columns);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) _mm512_store_si512(tiles[i].codes[w], (columns.codes[w] ^ kShift).lanes);
    columns.scale[0].store(tiles[i].scales);
    if constexpr (Columns::kMinimum) columns.minimum[0].store(tiles[i].minima);
  }
}

/// Panel `panel` times the packed rows; `sums` is [row][16].
template <class Integers>
void sum_panel(const MatmulArgs& args, const PackedRows& rows, int panel, PanelTile* tiles,
               float (*sums)[kPanelRows]) {
  constexpr long kBlockBytes = Integers::kBytes / Integers::kBlocks;
  const int groups = rows.groups();
  const std::byte* weights = args.weight.data + offset(panel, static_cast<long>(args.weight.panel_bytes()));
  std::memset(sums, 0, sizeof *sums * kTileRows * static_cast<std::size_t>(groups));
  for (int first = 0; first < rows.blocks; first += kChunkBlocks) {
    const int left = rows.blocks - first, blocks = left < kChunkBlocks ? left : kChunkBlocks;
    unpack_panel<Integers>(weights, first, blocks, tiles);
    // Meanwhile the memory behind this chunk comes closer, to be unpacked next.
    const int lines = static_cast<int>((kBlockBytes + 64L * groups - 1) / (64L * groups));
    const std::byte* next = weights + offset(first + blocks, kBlockBytes);
    for (int g = 0; g < groups; ++g)
      multiply_blocks<Integers::Columns::kMinimum>(rows.tiles + offset(g, rows.blocks) + first, tiles, blocks,
                                                   sums + g * kTileRows,
                                                   {next + offset(g, 64L * lines * blocks), lines});
  }
}

constexpr TileShapes kShapes = [] {
  TileShapes shapes;
  for (const int sums : {0, 1}) shapes.set(sums, kTileRows, kTileBytes);
  for (const int rows : {2, 3}) shapes.set(rows, kTileRows, kQuantizedColumns);
  for (const int panel : {4, 5}) shapes.set(panel, kQuantizedColumns / 4, kTileBytes);
  return shapes;
}();

template <class Integers>
void run_panels(const MatmulArgs& args, const PackedRows& rows, int begin, int end) {
  auto& buffers = *reinterpret_cast<Buffers*>(thread_scratch(ScratchUse::kTile, sizeof(Buffers)));
  {
    const TileSession session(kShapes);
    // A panel's sums of padding rows are where the next panel's begin, which come later.
    for (int panel = begin; panel < end; ++panel)
      sum_panel<Integers>(args, rows, panel, buffers.panel, buffers.sums + (panel - begin) * rows.count);
  }
  finish_panels<Vec>(args, end, rows.first, PanelSums<Vec>{&buffers.sums[0][0], begin, begin, 1, rows.count});
}

template <class Integers>
void multiply_rows(const MatmulArgs& args, const PackedRows& rows, WorkerPool& pool) {
  pool.for_each_chunk(rows.groups(), 1, [&](int begin, int end) {
    for (int group = begin; group < end; ++group) pack_group(args, rows, group);
  });
  const int panels = args.weight.panels(), share = panels / (4 * pool.size());
  const bool whole = share >= kPanelsTogether || args.mode == MatmulOutput::kActivate;
  const int piece = whole ? kPanelsTogether : share < 1 ? 1 : share;
  pool.for_each_chunk(panels, piece,
                      [&](int begin, int end) { run_panels<Integers>(args, rows, begin, end); });
}

template <class Integers>
void multiply(const MatmulArgs& args, WorkerPool& pool) {
  const int blocks = args.weight.columns / kQuantizedColumns;
  const long fitting = kRowsBytes / (static_cast<long>(sizeof(RowTile)) * blocks);
  const int groups = fitting < 1 ? 1 : fitting > kMaxGroups ? kMaxGroups : static_cast<int>(fitting);
  const auto bytes = sizeof(RowTile) * static_cast<std::size_t>(groups) * static_cast<std::size_t>(blocks);
  auto* tiles = reinterpret_cast<RowTile*>(thread_scratch(ScratchUse::kOperands, bytes));
  for (int first = 0; first < args.tokens; first += groups * kTileRows) {
    const int left = args.tokens - first, count = left < groups * kTileRows ? left : groups * kTileRows;
    multiply_rows<Integers>(args, PackedRows{tiles, first, count, blocks}, pool);
  }
}

}  // namespace

IntegerMatmul integer_matmul(DType dtype) {
  switch (dtype) {
    case DType::kQ8_0:
      return multiply<IntegersQ8_0<Vec>>;
    case DType::kQ4_0:
      return multiply<IntegersQ4_0<Vec>>;
    case DType::kQ4_1:
      return multiply<IntegersQ4_1<Vec>>;
    case DType::kQ5_0:
      return multiply<IntegersQ5_0<Vec>>;
    case DType::kQ5_1:
      return multiply<IntegersQ5_1<Vec>>;
    case DType::kQ4_K:
      return multiply<IntegersQ4_K<Vec>>;
    case DType::kQ5_K:
      return multiply<IntegersQ5_K<Vec>>;
    case DType::kIQ4_NL:
      return multiply<IntegersIQ4_NL<Vec>>;
    case DType::kIQ4_XS:
      return multiply<IntegersIQ4_XS<Vec>>;
    case DType::kInt4:
      return multiply<IntegersInt4<Vec>>;
    case DType::kInt8:
      return multiply<IntegersInt8<Vec>>;
    default:
      return nullptr;
  }
}

}  // namespace loci::kernels::amx
