#include "engine/token_oracle.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

namespace loci {
namespace {

constexpr int kVocabulary = 64, kBlockTokens = 4;

/// One sequence of its own in blocks of an order that is not theirs.
struct Reader {
  TokenOracle oracle;
  std::vector<std::uint32_t> table;

  Reader() : oracle({.blocks = 16, .block_tokens = kBlockTokens, .vocab = kVocabulary, .candidates = 1}) {
    table = {9, 2, 15, 0, 7, 4};
  }

  /// Computes `tokens` from `position` on in one step; what the oracle says behind the last.
  TokenId read(std::span<const TokenId> tokens, int position) {
    std::vector<int> positions(tokens.size()), sequences(tokens.size(), 0);
    std::iota(positions.begin(), positions.end(), position);
    const std::uint32_t* tables[] = {table.data()};
    const int rows[] = {static_cast<int>(tokens.size()) - 1};
    const StepResult result = oracle.run({tokens, positions, sequences, tables, rows});
    return static_cast<TokenId>(std::ranges::max_element(result.row(0)) - result.row(0).begin());
  }
};

std::vector<TokenId> some_tokens(int count) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(3 + i * i % 50);
  return tokens;
}

TEST(TokenOracle, ChunksChangeNothingAndTheStreamKnowsTheAnswer) {
  const auto tokens = some_tokens(21);
  OracleStream stream(kVocabulary);
  std::vector<TokenId> expected;
  for (const TokenId token : tokens) expected.push_back(stream.push(token));
  for (const int chunk : {1, 3, 4, 7, 21}) {
    Reader reader;
    for (int begin = 0; begin < 21; begin += chunk) {
      const int count = std::min(chunk, 21 - begin);
      const TokenId said = reader.read(
          std::span(tokens).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)), begin);
      EXPECT_EQ(said, expected[static_cast<std::size_t>(begin + count - 1)]) << "chunk " << chunk;
    }
  }
}

TEST(TokenOracle, BlocksThatMoveSayTheSame) {
  const auto tokens = some_tokens(13);
  Reader reader;
  const TokenId said = reader.read(tokens, 0);
  Reader other;
  for (int block = 0; block < 3; ++block)
    other.oracle.write(other.table[static_cast<std::size_t>(block)],
                       reader.oracle.states(reader.table[static_cast<std::size_t>(block)]));
  EXPECT_EQ(other.read(std::span(tokens).subspan(12), 12), said);
  reader.oracle.copy(reader.table[1], 11);
  reader.table[1] = 11;
  EXPECT_EQ(reader.read(std::span(tokens).subspan(12), 12), said);
}

TEST(TokenOracle, AWrongBlockIsHeard) {
  const auto tokens = some_tokens(13);
  Reader reader;
  const TokenId said = reader.read(tokens, 0);
  const auto again = [&] { return reader.read(std::span(tokens).subspan(12), 12); };
  ASSERT_EQ(again(), said);
  std::swap(reader.table[0], reader.table[1]);  // positions of others
  EXPECT_NE(again(), said);
  std::swap(reader.table[0], reader.table[1]);
  reader.oracle.damage(reader.table[2], 3, 1);
  EXPECT_NE(again(), said);
}

}  // namespace
}  // namespace loci
