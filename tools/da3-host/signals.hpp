// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM: the first lets the current item finish, the second cancels it; two seconds later the
// process ends wherever it is.
#pragma once

namespace da3::host::signals {

/// Signals that the parent has set to be ignored (nohup) stay ignored. A reader that goes away (SIGPIPE) and
/// a file size limit (SIGXFSZ) become errors of the write.
void install();

/// How the first signal is told on stderr; plain until somebody says otherwise.
enum class Announcement { plain, json, none };
void announce(Announcement how) noexcept;

/// The first signal's number, 0: none came.
int caught() noexcept;

/// A second one came: stop what is running.
bool cancel_now() noexcept;

}  // namespace da3::host::signals
