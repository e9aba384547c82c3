// SPDX-License-Identifier: Apache-2.0
// The Hugging Face cache, which other programs fill: <cache>/models--OWNER--NAME/ with refs/main (a commit)
// and snapshots/<commit>/ (links into blobs/). It is only read.
#pragma once

#include "models/local_models.hpp"

namespace da3::host {

/// The cache by HF_HUB_CACHE, else HF_HOME, else XDG_CACHE_HOME, else HOME, with every model's repository in
/// it, whoever made it.
SearchFolder search_hub_cache();

}  // namespace da3::host
