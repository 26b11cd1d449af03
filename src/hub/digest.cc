#include "hub/digest.h"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace loci {

struct Digest::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

void Digest::Deleter::operator()(Context* context) const {
  delete context;
}

Digest::Digest(const char* algorithm) : context_(new Context) {
  const EVP_MD* type = EVP_get_digestbyname(algorithm);
  LOCI_CHECK(type != nullptr && EVP_DigestInit_ex(context_->evp, type, nullptr) == 1);
}

Digest Digest::sha256() {
  return Digest("SHA256");
}

Digest Digest::git_blob(std::uint64_t size) {
  Digest digest("SHA1");
  std::string head = fmt::format("blob {}", size);
  head += '\0';
  digest.add(std::as_bytes(std::span(head)));
  return digest;
}

void Digest::add(std::span<const std::byte> bytes) {
  LOCI_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value;
  unsigned size = 0;
  LOCI_CHECK(EVP_DigestFinal_ex(context_->evp, value.data(), &size) == 1);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", value[i]);
  return hex;
}

}  // namespace loci
