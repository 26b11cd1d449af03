#include "server/page/chat_page.h"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <string_view>

#include "base/check.h"

extern "C" {
extern const char loci_page_html_begin[], loci_page_html_end[];
extern const char loci_page_style_begin[], loci_page_style_end[];
extern const char loci_page_script_begin[], loci_page_script_end[];
}

namespace loci {
namespace {

/// Base64 of the SHA-256, as a Content-Security-Policy names a script.
std::string sha256_base64(std::string_view text) {
  std::array<unsigned char, 32> hash;
  LOCI_CHECK(EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  std::array<unsigned char, 45> base64;  // 44 and a zero
  const int size = EVP_EncodeBlock(base64.data(), hash.data(), hash.size());
  return std::string(base64.begin(), base64.begin() + size);
}

void fill_in(std::string& page, std::string_view placeholder, std::string_view value) {
  const std::size_t at = page.find(placeholder);
  LOCI_CHECK(at != std::string::npos);
  page.replace(at, placeholder.size(), value);
}

ChatPage assemble() {
  const std::string_view style(loci_page_style_begin, loci_page_style_end);
  const std::string_view script(loci_page_script_begin, loci_page_script_end);
  ChatPage page{
      .html = std::string(loci_page_html_begin, loci_page_html_end), .etag = {}, .security_policy = {}};
  fill_in(page.html, "@style@", style);
  fill_in(page.html, "@script@", script);
  page.etag = '"' + sha256_base64(page.html) + '"';
  page.security_policy = fmt::format(
      "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
      "trusted-types 'none'",
      sha256_base64(script), sha256_base64(style));
  return page;
}

}  // namespace

const ChatPage& chat_page() {
  static const ChatPage page = assemble();
  return page;
}

}  // namespace loci
