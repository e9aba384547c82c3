// SPDX-License-Identifier: Apache-2.0
#include "evil_list.hpp"

namespace da3::test {

const std::vector<Evil>& evil_plugins() {
  static const std::vector<std::string> short_limit{"--time-limit", "3"}, no_fuzz{"--fuzz", "0"};
  static const std::vector<Evil> all{
      // Loading and entry
      Evil{"exports_too_much", 2, "FAIL", "da3_secret_helper"},
      Evil{"hangs_in_entry", 5, "CRASH", "it hangs in da3_plugin_entry", {}, short_limit},
      Evil{"exits_in_entry", 5, "CRASH", "exit code 0 in da3_plugin_entry"},
      Evil{"thread_in_entry", 5, "FAIL", "starts 1 threads", {73}},
      Evil{"slow_entry", 5, "FAIL", "the limit is 100 ms", {}, {}, true},
      Evil{"any_abi", 7, "FAIL", "was accepted"},
      Evil{"wrong_abi", 58, "FAIL", "abi_major is 2", {7}},
      Evil{"wrong_size", 58, "FAIL", "struct_size is"},
      Evil{"huge_size", 58, "FAIL", "struct_size is 4294967295"},
      Evil{"missing_member", 58, "FAIL", "session_run is NULL"},
      Evil{"half_a_pair", 58, "FAIL", "belong together"},
      Evil{"any_host", 53, "FAIL", "was accepted", {54}},
      Evil{"never_leaves", 54, "FAIL", "after the last shutdown", {8, 46}},
      Evil{"bad_id", 10, "FAIL", "my plugin", {9}},
      Evil{"lies_in_manifest", 9, "FAIL", "9.9.9"},
      Evil{"needs_a_symbol", 1, "FAIL", "function_of_a_missing_library"},
      Evil{"imports_host", 3, "FAIL", "it imports da3_log_level"},
      Evil{"executable_stack", 4, "FAIL", "its stack is executable", {1}},
      Evil{"other_table", 6, "FAIL", "another table the second time"},
      Evil{"exact_host", 8, "FAIL", "64 bytes more"},
      // Probe
      Evil{"no_reason", 12, "FAIL", "score 0 and no reason"},
      Evil{"boasts", 12, "FAIL", "its class ends at 199"},
      Evil{"changing_probe", 11, "FAIL", "two probes differ"},
      Evil{"slow_probe", 11, "FAIL", "the limit is 0.1 s", {}, {}, true},
      Evil{"keeps_pointers", 15, "CRASH", "SIGSEGV", {41, 73}},
      Evil{"ignores_hiding", 13, "FAIL", "still offers evil GPU"},
      // The process
      Evil{"crashes_at_exit", 74, "CRASH", "SIGABRT (abort) in the end of the process", {49}},
      Evil{"changes_locale", 48, "FAIL", "locale LC_"},
      Evil{"changes_signals", 48, "FAIL", "signal 2"},
      Evil{"changes_umask", 48, "FAIL", "umask"},
      Evil{"changes_folder", 48, "FAIL", "working directory"},
      Evil{"changes_environment", 48, "FAIL", "OMP_NUM_THREADS"},
      Evil{"changes_rounding", 48, "FAIL", "after optimizer_create the "},
      Evil{"prints", 59, "FAIL", "prints on stdout"},
      Evil{"writes_files", 46, "FAIL", "evil.log"},
      Evil{"opens_a_socket", 46, "FAIL", "a socket of the internet", {41, 73}},
      Evil{"needs_log", 45, "CRASH", "SIGSEGV", {75}},
      Evil{"writes_to_descriptors", 48, "CRASH", "something else than the result", {}, {}, true},
      Evil{"leaks_files", 41, "FAIL", "files open", {73}},
      Evil{"crashes_when_alive", 49, "CRASH", "SIGABRT (abort) in the end of the process"},
      // Options and optimizers
      Evil{"bad_schema", 16, "FAIL", "null.speed", {9, 17, 18, 19, 20, 22, 62, 64}},
      Evil{"refuses_default", 17, "FAIL", "the default of threads", {18, 19, 20, 22, 62, 64}},
      Evil{"takes_unknown_keys", 18, "FAIL", "was accepted", {47, 51, 60, 62, 73}},
      Evil{"takes_bad_values", 19, "FAIL", "was accepted"},
      Evil{"takes_duplicates", 20, "FAIL", "was accepted"},
      Evil{"wrong_index", 18, "FAIL", "index is 77", {51, 60, 62}},
      Evil{"any_device", 55, "FAIL", "was accepted"},
      Evil{"throws", 47, "FAIL", "a C++ exception came out of optimizer_create"},
      Evil{"exits", 47, "CRASH", "exit code 3 in optimizer_create"},
      Evil{"aborts", 47, "CRASH", "SIGABRT (abort) in optimizer_create"},
      Evil{"long_errors", 51, "FAIL", "was written", {18}},
      Evil{"positive_code", 18, "FAIL", "is positive", {51, 60, 62, 73}},
      Evil{"leaks_refused", 73, "FAIL", "of memory, again and again"},
      Evil{"keeps_options", 64, "CRASH", "SIGSEGV (a bad address) in optimizer_describe"},
      Evil{"forgets_an_option", 22, "FAIL", "leaves out the option", {37}},
      Evil{"destroys_null", 50, "CRASH", "optimizer_destroy(NULL)"},
      Evil{"mixes_scopes", 60, "FAIL", "with seed, an option of a run, was accepted"},
      Evil{"deprecates_in_silence", 21, "FAIL", "0 warnings in the log", {9, 16, 17, 18, 19, 20, 22, 62, 64}},
      Evil{"shares_options", 37, "FAIL", "changes what the first one describes"},
      Evil{"creates_one_at_a_time", 71, "CRASH", "SIGABRT"},
      // Models
      Evil{"bad_shape_text", 26, "FAIL", "a picture", {62}},
      Evil{"load_ignores_cancel", 24, "FAIL", "was accepted", {25}},
      Evil{"load_progress_falls", 25, "FAIL", "progress falls from 9 to 0"},
      Evil{"hangs_in_load", 26, "CRASH", "it hangs in model_load", {45, 47, 64}, short_limit},
      Evil{"reads_anything", 23, "CRASH", "SIGSEGV"},
      // Runs
      Evil{"frees_twice", 34, "FAIL", "output", {62}},
      Evil{"releases_twice",
           34,
           "CRASH",
           "SIGABRT (abort) in release of",
           {28, 32, 41, 44, 46, 48, 49, 59, 62, 68, 72, 74, 75}},
      Evil{"writes_past_output", 35, "FAIL", "memory after its end was written", {62}},
      Evil{"writes_input", 35, "FAIL", "the input was written", {62}},
      Evil{"leaks", 41, "FAIL", "of memory, again and again"},
      Evil{"leaks_in_runs", 72, "FAIL", "of memory, again and again", {41}},
      Evil{"ignores_cancel", 32, "FAIL", "the limit is 5 s", {}, no_fuzz},
      Evil{"slow_cancel", 32, "WARN", "the aim is 0.25 s", {}, no_fuzz},
      Evil{"exact_sizes", 61, "FAIL", "da3_run has another size"},
      Evil{"takes_odd_sizes", 30, "FAIL", "height 27", {}},
      Evil{"takes_unknown_outputs", 66, "FAIL", "an unknown output was accepted", {62}},
      Evil{"takes_run_options", 68, "FAIL", "was accepted"},
      Evil{"ignores_strides", 65, "FAIL", "output"},
      Evil{"progress_falls", 69, "FAIL", "progress falls from 5 to 0"},
      Evil{"needs_alignment", 31, "FAIL", "aligned to 4 bytes is refused", {62, 65}},
      Evil{"forgets_half", 63, "FAIL", "is not finite"},
      Evil{"other_shape", 28, "FAIL", "has the shape", {34, 62}},
      Evil{"random", 33, "FAIL", "gives other results", {28, 29, 31, 34, 36, 65, 70}},
      Evil{"two_kinds", 28, "FAIL", "host memory and plugin memory differ"},
      Evil{"no_release", 28, "FAIL", "has no release", {41, 72}},
      Evil{"session_dies", 32, "FAIL", "the session is broken", {62}},
      Evil{"shares_a_buffer", 36, "FAIL", "of 4 sessions at once", {71}},
      Evil{"leaves_outputs", 66, "FAIL", "has data", {24, 30, 32, 57, 62, 68}},
      Evil{"estimate_reads_data", 52, "CRASH", "SIGSEGV (a bad address) in estimate"},
      Evil{"estimate_writes_on", 52, "FAIL", "shorter da3_memory"},
      Evil{"releases_in_order", 62, "CRASH", "SIGABRT"},
      Evil{"ignores_input_strides", 29, "FAIL", "strides or byte_offset of the image are ignored"},
      Evil{"counts_models", 70, "FAIL", "a second optimizer computes otherwise"},
      Evil{"chokes_on_nan", 67, "CRASH", "SIGABRT"},
      Evil{"runs_on_one_thread", 39, "FAIL", "this thread made no session"},
      Evil{"submits_otherwise", 57, "FAIL", "a submitted run gives other results"},
      // Memory
      Evil{"forgets_bad_alloc", 75, "FAIL", "a C++ exception came out of optimizer_create without memory"},
      Evil{"peak_falls", 42, "FAIL", "the peak falls"},
      Evil{"trim_frees_weights", 43, "FAIL", "the results differ", {38}},
      Evil{"trims_beside_runs", 38, "FAIL", "beside a run change its results"},
      Evil{"ignores_limit", 56, "FAIL", "was accepted"},
      Evil{"keeps_host_memory", 44, "FAIL", "1 blocks of host->alloc were not given back"},
  };
  return all;
}

const std::map<int, std::string>& checks_without_evil() {
  static const std::map<int, std::string> reasons{
      {14, "it needs a GPU's device file to hold open"},
      {27, "it is skipped for every plugin"},
  };
  return reasons;
}

}  // namespace da3::test
