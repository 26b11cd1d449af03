// Products of tiles whose sums stay in tile registers over many blocks of columns: tiles of 16 rows by one
// panel of 16 outputs. A block of a panel is a tile as it lies in memory, and so are 16 rows of a block.
//
// Many rows: two tiles of rows by two panels, four multiplications for four loads, which then take half of
// their time. The columns go in chunks, so that those of two panels stay in the first-level cache while all
// rows pass by; sums wait in memory between chunks, as what they are. Few rows: one tile of as many rows as
// there are by four panels, whose columns are read once, at the speed of the memory.
//
// `Product` says what is multiplied:
//   Block                   a row's block, a line of the cache
//   Sum                     float or std::int32_t
//   kColumns                of a block
//   kHeaderBytes            in front of a panel's blocks
//   dot<sums, a, b>()       the instruction
//   rows(args, row)         the first block of a row
//   stride(args, row)       from it to the row's next; 16 or 32 rows are neighbours
//   kChunkBlocks            columns of two panels in the first-level cache
//   kAsksForRows            whether rows are to be asked for ahead: where they are not one stream
//   finish(args, piece, sums)   hands on the sums of all columns, [panel][row][16]
#pragma once

#include <cstring>
#include <immintrin.h>

#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/grain.h"
#include "kernels/ops.h"
#include "kernels/scratch.h"

namespace loci::kernels::amx {

inline constexpr int kBlockBytes = kTileRows * kTileBytes;  // of a panel
inline constexpr int kPiecePanels = 8;
inline constexpr int kPieceRows = 512;  // their sums are 256 KB of the second-level cache
inline constexpr int kAheadBlocks = 3;  // when every block comes from memory: 3 KB of each panel
inline constexpr int kFewGroups = 4;    // of rows

/// [panel][row][16], with room for the rows of a last tile.
template <class Product>
using Sums = typename Product::Sum (*)[kPanelRows];

/// A run of columns of some panels.
template <class Product, int kPanels>
struct Columns {
  const std::byte* panels[kPanels];
  const typename Product::Block* rows;  // of the first block
  long stride;                          // from a row's block to its next
  int blocks;
};

/// Tiles 0 to 3 are sums, [row tile][panel]; rows come behind, then panels, in turns if there are too few.
template <int kRowTiles, int kPanels>
struct Registers {
  static constexpr int sums(int r, int p) { return r * kPanels + p; }
  static constexpr int rows(int r) { return 4 + r; }
  static constexpr int panel(int p) { return 4 + kRowTiles + p % (4 - kRowTiles); }

  /// `count` rows in all, more than 16 where there are two tiles of them.
  static TileShapes shapes(int count) {
    TileShapes shapes;
    for (int tile = 4 + kRowTiles; tile < 8; ++tile) shapes.set(tile, kTileRows, kTileBytes);
    for (int r = 0; r < kRowTiles; ++r) {
      const int left = count - r * kTileRows, height = left < kTileRows ? left : kTileRows;
      shapes.set(rows(r), height, kTileBytes);
      for (int p = 0; p < kPanels; ++p) shapes.set(sums(r, p), height, kTileBytes);
    }
    return shapes;
  }
};

template <class Product, int kRowTiles, int kPanels>
inline __attribute__((always_inline)) void multiply_block(const typename Product::Block* rows,
                                                          const std::byte* const (&panels)[kPanels],
                                                          long panel_offset) {
  using R = Registers<kRowTiles, kPanels>;
  unrolled<kRowTiles>([&](auto r) __attribute__((always_inline)) {
    load_tile<R::rows(r())>(rows + r() * kTileRows);
    unrolled<kPanels>([&](auto p) __attribute__((always_inline)) {
      if constexpr (r() == 0) load_tile<R::panel(p())>(panels[p()] + panel_offset);
      Product::template dot<R::sums(r(), p()), R::rows(r()), R::panel(p())>();
    });
  });
}

/// Asks for `lines` lines.
inline __attribute__((always_inline)) void prefetch_lines(const void* at, int lines) {
  for (int line = 0; line < lines; ++line)
    _mm_prefetch(static_cast<const char*>(at) + 64L * line, _MM_HINT_T0);
}

/// Memory to be asked for meanwhile.
struct Ahead {
  enum { kNothing, kColumns, kShare } what = kNothing;
  const std::byte* at = nullptr;  // kColumns: where the panels go on behind the last block
  int lines = 0;                  // kShare: from `at` on, at each block
};

/// Adds the columns to the sums, whose panels are `sums_stride` rows apart; `first`: begins them.
template <class Product, int kRowTiles, int kPanels>
void multiply_blocks(const Columns<Product, kPanels>& columns, Sums<Product> sums, long sums_stride,
                     bool first, Ahead ahead) {
  const auto each_sum = [&](auto use) __attribute__((always_inline)) {
    unrolled<kRowTiles * kPanels>([&](auto i) __attribute__((always_inline)) {
      use(i, sums + (i() % kPanels) * sums_stride + (i() / kPanels) * kTileRows);
    });
  };
  each_sum([&](auto i, Sums<Product> at)
               __attribute__((always_inline)) { first ? zero_tile<i()>() : load_tile<i()>(at); });
  const auto* rows = columns.rows;
  for (int b = 0; b < columns.blocks; ++b, rows += columns.stride) {
    if (kRowTiles == 2 && Product::kAsksForRows)
      prefetch_lines(rows + 2 * columns.stride, kRowTiles * kTileRows);
    if (ahead.what == Ahead::kShare) {
      prefetch_lines(ahead.at, ahead.lines);
      ahead.at += 64L * ahead.lines;
    } else if (ahead.what == Ahead::kColumns) {
      const int later = b + kAheadBlocks;  // here or, behind the last block, in the panels that follow
      const std::byte* at = later < columns.blocks ? columns.panels[0] + offset(later, kBlockBytes)
                                                   : ahead.at + offset(later - columns.blocks, kBlockBytes);
      for (const std::byte* panel : columns.panels)
        prefetch_lines(at + (panel - columns.panels[0]), kTileRows);
    }
    multiply_block<Product, kRowTiles, kPanels>(rows, columns.panels, offset(b, kBlockBytes));
  }
  each_sum([&](auto i, Sums<Product> at) __attribute__((always_inline)) { store_tile<i()>(at); });
}

/// A piece of work: panels [begin, end) times rows [first, first + count).
struct Piece {
  int begin, end, first, count;
};

/// What is left of the columns behind the last whole block, with zeros behind: one block of each panel.
template <class Product, int kPanels>
struct LastBlocks {
  alignas(64) std::byte bytes[kPanels][kBlockBytes];

  LastBlocks(const MatmulArgs& args, const std::byte* const (&panels)[kPanels]) {
    const long at = offset(args.weight.columns / Product::kColumns, kBlockBytes);
    const auto size = args.weight.panel_bytes() - static_cast<std::size_t>(Product::kHeaderBytes + at);
    for (int p = 0; p < kPanels; ++p) {
      std::memset(bytes[p], 0, kBlockBytes);
      std::memcpy(bytes[p], panels[p] + at, size);
    }
  }
};

/// Where the work goes on behind these panels and blocks: the next panels, then the next blocks of the first,
/// then another piece.
template <class Product, int kPanels>
const std::byte* next_columns(const MatmulArgs& args, const Piece& piece, int panel, int block, int count) {
  const bool last_panels = panel + 2 * kPanels > piece.end;
  const bool last_blocks = (block + count) * Product::kColumns >= args.weight.columns;
  const int next_panel = !last_panels ? panel + kPanels : last_blocks ? piece.end : piece.begin;
  const int next_block = !last_panels ? block : last_blocks ? 0 : block + count;
  return args.weight.data + offset(next_panel, static_cast<long>(args.weight.panel_bytes())) +
         Product::kHeaderBytes + offset(next_block, kBlockBytes);
}

/// Blocks [block, block + count) of kPanels panels times all rows of the piece, a group of them at a time.
template <class Product, int kRowTiles, int kPanels>
void multiply_chunk(const MatmulArgs& args, const Piece& piece, int panel, int block, int count,
                    Sums<Product> sums) {
  constexpr int kGroup = kRowTiles * kTileRows;
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const int whole = args.weight.columns / Product::kColumns;
  Columns<Product, kPanels> columns;
  for (int p = 0; p < kPanels; ++p)
    columns.panels[p] = args.weight.data + offset(panel + p, panel_bytes) + Product::kHeaderBytes;
  const LastBlocks<Product, kPanels> last(args, columns.panels);
  for (int p = 0; p < kPanels; ++p) columns.panels[p] += offset(block, kBlockBytes);
  columns.blocks = block + count <= whole ? count : whole - block;

  // Meanwhile what comes next is asked for: a share of it with each of many groups; by one group just ahead
  // of its use. With a few groups the processor's own prefetching does better than either.
  const int groups = (piece.count + kGroup - 1) / kGroup;
  const int lines = (kPanels * kTileRows + groups - 1) / groups;
  const std::byte* next = next_columns<Product, kPanels>(args, piece, panel, block, count);
  for (int g = 0; g < groups; ++g) {
    const int row = piece.first + g * kGroup;
    columns.stride = Product::stride(args, row);
    columns.rows = Product::rows(args, row) + offset(block, columns.stride);
    const long share = offset(g, 64L * lines * columns.blocks), chunk = offset(count, kBlockBytes);
    const Ahead ahead = groups == 1 ? Ahead{Ahead::kColumns, next}
                        : groups > kFewGroups
                            ? Ahead{Ahead::kShare, next + share / chunk * panel_bytes + share % chunk, lines}
                            : Ahead{};
    const Sums<Product> group_sums = sums + g * kGroup;
    multiply_blocks<Product, kRowTiles, kPanels>(columns, group_sums, piece.count, block == 0, ahead);
    if (columns.blocks == count) continue;
    Columns<Product, kPanels> rest{
        {}, columns.rows + offset(columns.blocks, columns.stride), columns.stride, 1};
    for (int p = 0; p < kPanels; ++p) rest.panels[p] = last.bytes[p];
    multiply_blocks<Product, kRowTiles, kPanels>(rest, group_sums, piece.count,
                                                 block == 0 && columns.blocks == 0, {});
  }
}

/// All columns, `chunk_blocks` blocks at a time.
template <class Product, int kRowTiles, int kPanels>
void multiply_piece(const MatmulArgs& args, const Piece& piece, int chunk_blocks, Sums<Product> sums) {
  const int blocks = (args.weight.columns + Product::kColumns - 1) / Product::kColumns;
  constexpr int kGroup = kRowTiles * kTileRows;
  const TileSession session(
      Registers<kRowTiles, kPanels>::shapes(piece.count < kGroup ? piece.count : kGroup));
  for (int block = 0; block < blocks; block += chunk_blocks) {
    const int left = blocks - block, count = left < chunk_blocks ? left : chunk_blocks;
    for (int panel = piece.begin; panel + kPanels <= piece.end; panel += kPanels)
      multiply_chunk<Product, kRowTiles, kPanels>(args, piece, panel, block, count,
                                                  sums + offset(panel - piece.begin, piece.count));
  }
}

/// With the panels that do not come in groups of kPanels.
template <class Product, int kRowTiles, int kPanels>
void multiply_panels(const MatmulArgs& args, Piece piece, int chunk_blocks) {
  constexpr auto kRows = static_cast<std::size_t>(kPiecePanels * kPieceRows + kTileRows);
  const auto sums = reinterpret_cast<Sums<Product>>(thread_scratch(ScratchUse::kTile, kRows * kTileBytes));
  const int begin = piece.begin, whole = begin + (piece.end - begin) / kPanels * kPanels;
  if (whole > begin)
    multiply_piece<Product, kRowTiles, kPanels>(args, {begin, whole, piece.first, piece.count}, chunk_blocks,
                                                sums);
  if (whole < piece.end)
    multiply_piece<Product, kRowTiles, 1>(args, {whole, piece.end, piece.first, piece.count}, chunk_blocks,
                                          sums + offset(whole - begin, piece.count));
  Product::finish(args, piece, sums);
}

/// Whole groups of two tiles of rows, then the rows that are left.
template <class Product>
void multiply_rows(const MatmulArgs& args, const Piece& piece) {
  constexpr int kGroup = 2 * kTileRows;
  const int blocks = args.weight.columns / Product::kColumns + 1;
  const int whole = piece.count / kGroup * kGroup, left = piece.count - whole;
  if (whole > 0)
    multiply_panels<Product, 2, 2>(args, {piece.begin, piece.end, piece.first, whole},
                                   whole > kGroup ? Product::kChunkBlocks : blocks);
  if (left > kTileRows)
    multiply_panels<Product, 2, 2>(args, {piece.begin, piece.end, piece.first + whole, left}, blocks);
  else if (left > 0)
    multiply_panels<Product, 1, 4>(args, {piece.begin, piece.end, piece.first + whole, left}, blocks);
}

template <class Product>
void multiply_in_tiles(const MatmulArgs& args, WorkerPool& pool) {
  const int panels = args.weight.panels(), share = panels / (4 * pool.size()) / 4 * 4;
  const int piece = share < 4 ? 4 : share < kPiecePanels ? share : kPiecePanels;
  for (int first = 0; first < args.tokens; first += kPieceRows) {
    const int left = args.tokens - first, count = left < kPieceRows ? left : kPieceRows;
    pool.for_each_chunk(
        panels, piece, [&](int begin, int end) { multiply_rows<Product>(args, {begin, end, first, count}); });
  }
}

}  // namespace loci::kernels::amx
