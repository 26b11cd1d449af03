"""All cases of tests/goldens/families, in the order of the index."""

import cases_encoders
import cases_layer_norm
import cases_llama_like
import cases_more

CASES = cases_llama_like.CASES + cases_layer_norm.CASES + cases_more.CASES + cases_encoders.CASES
