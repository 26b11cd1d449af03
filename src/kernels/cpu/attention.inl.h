// How attention is cut into tasks for the threads: tiles of neighbouring tokens, one KV head each; and where
// few long sequences would leave threads idle, the parts of their positions. None of this changes a bit:
// parts are merged in ascending order either way.
#pragma once

#include "base/check.h"
#include "kernels/cpu/attention_tile.inl.h"

namespace loci::kernels {

/// Neighbouring tokens that read much of the same keys and values: of one sequence, or of several that share
/// the blocks of a prefix (Hydragen, Juravsky et al. 2024; here a row's arithmetic stays as it is alone). And
/// the parts of the positions that they see.
struct TokenTile {
  int token, tokens, first_part, end_part;
  double read, seen;  // positions: that are read, each once; that the tokens see, all together
};

static inline const std::uint32_t* block_table(const AttentionArgs& args, int token) {
  return args.rows.tables[args.rows.sequence[token]];
}

/// Whether a token reads what the one before it reads at first: for a span at least.
static inline bool joins_tile(const AttentionArgs& args, int token) {
  if (args.rows.sequence[token] == args.rows.sequence[token - 1]) return true;
  const Visible one = visible_positions(args, token - 1), other = visible_positions(args, token);
  const int first = one.first > other.first ? one.first : other.first, end = first + kAttentionSpan;
  return end <= one.end && end <= other.end &&
         same_blocks(args.kv, block_table(args, token - 1), block_table(args, token), first, end);
}

/// Positions from which on a token reads what the one before it does not.
static inline int shared_end(const AttentionArgs& args, int token) {
  const Visible one = visible_positions(args, token - 1), other = visible_positions(args, token);
  const int most = one.end < other.end ? one.end : other.end;
  if (args.rows.sequence[token] == args.rows.sequence[token - 1]) return most;
  const std::uint32_t *before = block_table(args, token - 1), *table = block_table(args, token);
  const int block = args.kv.block_tokens;
  int end = (one.first > other.first ? one.first : other.first) / block * block;
  while (end < most && before[end / block] == table[end / block]) end += block;
  return end < most ? end : most;
}

static inline TokenTile token_tile(const AttentionArgs& args, int token, int most) {
  Visible all = visible_positions(args, token);
  const auto positions = [](const Visible& seen) { return static_cast<double>(seen.end - seen.first); };
  TokenTile tile{token, 1, 0, 0, positions(all), positions(all)};
  for (int next = token + 1; tile.tokens < most && next < args.tokens && joins_tile(args, next); ++next) {
    const Visible seen = visible_positions(args, next);
    tile.read += seen.end - shared_end(args, next);
    tile.seen += positions(seen);
    if (seen.first < all.first) all.first = seen.first;
    if (seen.end > all.end) all.end = seen.end;
    ++tile.tokens;
  }
  tile.first_part = all.first / kAttentionPart;
  tile.end_part = (all.end - 1) / kAttentionPart + 1;
  return tile;
}

/// What a tile's task is worth: positions times rows, few rows counting as eight, since then reading is the
/// limit.
static inline double task_cost(const TokenTile& tile, int heads) {
  return tile.seen * heads > tile.read * 8 ? tile.seen * heads : tile.read * 8;
}

/// The tasks of a call, in this thread's scratch memory.
struct TaskList {
  TileTask* tasks;
  int count = 0;
  // Tiles whose parts are computed apart: [split_count], each with all its parts.
  TileTask* split;
  int split_count = 0;
};

/// Floats of the outcomes of parts that wait for being merged, at most: 16 MiB. Tiles beyond are not split.
static constexpr long kPartialFloats = 4l << 20;

/// Pieces that a thread should have to choose from, so that none waits for the last one.
static constexpr int kPiecesPerThread = 8;

/// The heads of a group that share a tile.
static inline int tile_heads(const AttentionArgs& args, int row_limit) {
  const int group = args.heads / args.kv.kv_heads;
  return group < row_limit ? group : row_limit;
}

/// The tokens of a call.
struct TokenTiles {
  const TokenTile* tiles;
  int count;
  const TokenTile* begin() const { return tiles; }
  const TokenTile* end() const { return tiles + count; }
};
static inline TokenTiles token_tiles(const AttentionArgs& args, int most) {
  auto* tiles = reinterpret_cast<TokenTile*>(
      thread_scratch(ScratchUse::kTokenTiles, static_cast<std::size_t>(args.tokens) * sizeof(TokenTile)));
  int count = 0;
  for (int token = 0; token < args.tokens; token += tiles[count++].tokens)
    tiles[count] = token_tile(args, token, most);
  return {tiles, count};
}

/// Parts of a tile that make one task: all, or fewer if that leaves more than a fair piece.
static inline int parts_a_task(const TokenTile& tile, double cost, double fair) {
  const int parts = tile.end_part - tile.first_part;
  if (cost <= fair) return parts;
  const auto fitting = static_cast<int>(parts * (fair / cost));
  return fitting < 1 ? 1 : fitting;
}

static inline void add_tasks(const AttentionArgs& args, double fair, int head, int heads,
                             const TokenTile& tile, long& partial_floats_left, float*& partials,
                             TaskList& list) {
  const int parts = tile.end_part - tile.first_part, rows = tile.tokens * heads;
  const int step = parts_a_task(tile, task_cost(tile, heads), fair);
  const long part_floats = rows * partial_floats(args.kv.head_dim);
  TileTask task{tile.token, tile.tokens, head, heads, tile.first_part, tile.end_part, nullptr};
  if (step == parts || parts * part_floats > partial_floats_left) {
    list.tasks[list.count++] = task;
    return;
  }
  task.partials = partials;
  partials += parts * part_floats;
  partial_floats_left -= parts * part_floats;
  list.split[list.split_count++] = task;
  for (int part = tile.first_part; part < tile.end_part; part += step) {
    TileTask piece = task;
    piece.first_part = part;
    piece.end_part = part + step < tile.end_part ? part + step : tile.end_part;
    piece.partials = task.partials + (part - tile.first_part) * part_floats;
    list.tasks[list.count++] = piece;
  }
}

static inline TaskList list_tasks(const AttentionArgs& args, int threads, int row_limit) {
  const int heads = tile_heads(args, row_limit), group = args.heads / args.kv.kv_heads;
  const int head_tiles = (group + heads - 1) / heads * args.kv.kv_heads;
  const TokenTiles token_tiles = kernels::token_tiles(args, row_limit / heads);
  double cost = 0;
  long tiles = 0, parts = 0;
  for (const TokenTile& tile : token_tiles) {
    cost += task_cost(tile, heads) * head_tiles;
    tiles += head_tiles;
    parts += long{tile.end_part - tile.first_part} * head_tiles;
  }
  const double fair = threads > 1 ? cost / (threads * kPiecesPerThread) : cost;
  TaskList list{};
  list.tasks = reinterpret_cast<TileTask*>(
      thread_scratch(ScratchUse::kList, static_cast<std::size_t>(tiles + parts) * sizeof(TileTask)));
  list.split = list.tasks + parts;
  long floats_left = 0;
  float* partials = nullptr;
  if (threads > 1) {
    floats_left = kPartialFloats;
    const long most = parts * heads * (row_limit / heads) * partial_floats(args.kv.head_dim);
    if (most < floats_left) floats_left = most;
    partials = reinterpret_cast<float*>(
        thread_scratch(ScratchUse::kPartials, static_cast<std::size_t>(floats_left) * sizeof(float)));
  }
  // Of a sequence, tiles of one KV head follow each other: its keys and values are still in the cache. Of
  // several sequences, the heads of a tile do: they are neighbours in memory.
  for (const TokenTile *run = token_tiles.begin(), *end = run; run != token_tiles.end(); run = end) {
    while (end != token_tiles.end() && block_table(args, end->token) == block_table(args, run->token)) ++end;
    for (int kv_head = 0; kv_head < args.kv.kv_heads; ++kv_head)
      for (int h = 0; h < group; h += heads)
        for (const TokenTile* tile = run; tile != end; ++tile)
          add_tasks(args, fair, kv_head * group + h, group - h < heads ? group - h : heads, *tile,
                    floats_left, partials, list);
  }
  return list;
}

/// The outcomes of a tile's parts, merged in ascending order.
template <class Vec>
void merge_parts(const AttentionArgs& args, const TileTask& task) {
  const int head_dim = args.kv.head_dim, rows = task.tokens * task.heads;
  const long dims = padded_dims(head_dim), step = partial_floats(head_dim);
  auto* values = reinterpret_cast<float*>(
      thread_scratch(ScratchUse::kTile, static_cast<std::size_t>(dims) * sizeof(float)));
  for (int r = 0; r < rows; ++r) {
    const int token = task.token + r / task.heads;
    const Visible seen = visible_positions(args, token);
    std::memset(values, 0, static_cast<std::size_t>(dims) * sizeof(float));
    Totals totals;
    for (int part = seen.first / kAttentionPart; part <= (seen.end - 1) / kAttentionPart; ++part) {
      const float* from = task.partials + ((part - task.first_part) * rows + r) * step;
      merge_part<Vec>(from[dims], from[dims + 1], from, dims, totals, values);
    }
    write_head<Vec>(args, token, task.head + r % task.heads, values, totals.sum);
  }
}

template <class Math, class Products = LaneProducts<Math>>
void attention_with(const AttentionArgs& args, WorkerPool& pool) {
  const TaskList list = list_tasks(args, pool.size(), Products::kRowLimit);
  const int piece = list.count / (pool.size() * kPiecesPerThread);
  pool.for_each_chunk(list.count, piece < 1 ? 1 : piece, [&](int begin, int end) {
    for (int i = begin; i < end; ++i)
      Tile<Math, Products>(args, list.tasks[i], i + 1 < end ? &list.tasks[i + 1] : nullptr).run();
  });
  pool.for_each_chunk(list.split_count, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) merge_parts<typename Math::Vec>(args, list.split[i]);
  });
}

template <class Vec>
void attention(const AttentionArgs& args, WorkerPool& pool) {
  LOCI_CHECK(is_kv_dtype(args.kv.dtype) && args.heads % args.kv.kv_heads == 0);
  attention_with<FloatMath<Vec>>(args, pool);
}

}  // namespace loci::kernels
