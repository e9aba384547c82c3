// SPDX-License-Identifier: Apache-2.0
#include "common/assume.hpp"

#include <da3/guard.hpp>

#include "common/optimizer.hpp"
#include "common/record.hpp"
#include "common/thin_plugin.hpp"

namespace da3::thin {
namespace {

void require_sink(bool there, const char* function) {
  if (!there) throw Error(DA3_E_INVALID, std::string(function) + ": the sink is NULL; pass one");
}

int32_t probe(const da3_kv* const* record, uint32_t n_record, da3_device_sink sink, void* ctx,
              da3_error* error) {
  return guard(error, [&] {
    require_sink(sink, "assume.probe");
    backend().assume_probe(Record::parse(record, n_record),
                           [&](const da3_device& device) { sink(ctx, &device); });
  });
}

int32_t describe(const da3_kv* const* record, uint32_t n_record, const da3_kv* const* opts, uint32_t n,
                 int32_t dl_type, int32_t dl_id, da3_kv_sink sink, void* ctx, da3_error* error) {
  return guard(error, [&] {
    require_sink(sink, "assume.describe");
    const Record machine = Record::parse(record, n_record);
    const OptionSet options = OptionSet::parse(*backend().info, DA3_SCOPE_OPTIMIZER, opts, n);
    const Decision decision = backend().assume_decide(machine, options, {dl_type, dl_id});
    const auto host = HostSlot::instance().host();
    for (const std::string& warning : decision.warnings) host->log(log_warn, warning);
    for (const std::string& note : decision.notes) host->log(log_debug, note);
    tell(options, decision.effective, sink, ctx);
  });
}

}  // namespace

const da3_assume& assume_table() {
  static const da3_assume table{sizeof(da3_assume), 0, probe, describe};
  return table;
}

}  // namespace da3::thin
