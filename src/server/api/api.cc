#include "server/api/api.h"

#include "server/request_id.h"

namespace loci {

void take_request_id(ApiCall& call, const RequestTerms& terms) {
  if (terms.request_id && given_request_id(call.request()) == nullptr)
    call.exchange->rename(*terms.request_id);
}

}  // namespace loci
