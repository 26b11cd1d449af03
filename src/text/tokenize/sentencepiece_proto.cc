#include "text/tokenize/sentencepiece_proto.h"

#include <cmath>
#include <fmt/format.h>

#include "text/tokenize/protobuf_reader.h"
#include "text/utf8.h"

namespace loci {
namespace {

/// Calls read(field) for every field of a message.
template <class Read>
Result<void> for_each_field(std::string_view message, Read read) {
  ProtobufReader reader(message);
  for (;;) {
    LOCI_TRY(const std::optional<ProtobufField> field, reader.next());
    if (!field) return {};
    LOCI_TRY_VOID(read(*field));
  }
}

/// ModelProto.SentencePiece: piece = 1, score = 2, type = 3.
Result<void> read_piece(std::string_view message, SentencePieceFile& file) {
  std::string_view piece;
  float score = 0;
  std::int32_t type = 1;
  LOCI_TRY_VOID(for_each_field(message, [&](const ProtobufField& field) -> Result<void> {
    if (field.number == 1) {
      LOCI_TRY(piece, field.as_bytes());
    } else if (field.number == 2) {
      LOCI_TRY(score, field.as_float());
    } else if (field.number == 3) {
      LOCI_TRY(type, field.as_int32());
    }
    return {};
  }));
  if (!is_valid_utf8(piece)) return fail(ErrorCode::kCorrupt, "piece: not UTF-8");
  if (!std::isfinite(score)) return fail(ErrorCode::kCorrupt, "score: not a finite number");
  if (type < 1 || type > 6) return fail(ErrorCode::kCorrupt, "type: {} is none", type);
  file.pieces.push_back(piece);
  file.scores.push_back(score);
  file.types.push_back(static_cast<PieceType>(type));
  return {};
}

/// TrainerSpec: model_type = 3, treat_whitespace_as_suffix = 24, bos_id = 41, eos_id = 42.
Result<void> read_trainer(const ProtobufField& field, SentencePieceFile& file) {
  if (field.number == 3) {
    LOCI_TRY(const std::int32_t type, field.as_int32());
    if (type < 1 || type > 4) return fail(ErrorCode::kUnsupported, "model_type: {}", type);
    file.model = static_cast<SentencePieceFile::Model>(type);
  } else if (field.number == 24) {
    LOCI_TRY(file.treat_whitespace_as_suffix, field.as_bool());
  } else if (field.number == 41) {
    LOCI_TRY(file.bos, field.as_int32());
  } else if (field.number == 42) {
    LOCI_TRY(file.eos, field.as_int32());
  }
  return {};
}

/// NormalizerSpec: precompiled_charsmap = 2, add_dummy_prefix = 3, remove_extra_whitespaces = 4,
/// escape_whitespaces = 5.
Result<void> read_normalizer(const ProtobufField& field, SentencePieceFile& file) {
  if (field.number == 2) {
    LOCI_TRY(file.charsmap, field.as_bytes());
  } else if (field.number == 3) {
    LOCI_TRY(file.add_dummy_prefix, field.as_bool());
  } else if (field.number == 4) {
    LOCI_TRY(file.remove_extra_whitespaces, field.as_bool());
  } else if (field.number == 5) {
    LOCI_TRY(file.escape_whitespaces, field.as_bool());
  }
  return {};
}

Result<void> in(std::string_view where, Result<void> result) {
  if (result) return result;
  return std::unexpected(std::move(result).error().in(where));
}

/// ModelProto: pieces = 1, trainer_spec = 2, normalizer_spec = 3.
Result<void> read_model(const ProtobufField& field, SentencePieceFile& file) {
  if (field.number < 1 || field.number > 3) return {};
  LOCI_TRY(const std::string_view message, field.as_bytes());
  if (field.number == 1) return in(fmt::format("pieces[{}]", file.pieces.size()), read_piece(message, file));
  if (field.number == 2)
    return in("trainer_spec",
              for_each_field(message, [&](const ProtobufField& f) { return read_trainer(f, file); }));
  return in("normalizer_spec",
            for_each_field(message, [&](const ProtobufField& f) { return read_normalizer(f, file); }));
}

}  // namespace

Result<SentencePieceFile> parse_sentencepiece(std::string_view bytes) {
  SentencePieceFile file;
  LOCI_TRY_VOID(for_each_field(bytes, [&](const ProtobufField& field) { return read_model(field, file); }));
  if (file.pieces.empty()) return fail(ErrorCode::kCorrupt, "pieces: there are none");
  return file;
}

}  // namespace loci
