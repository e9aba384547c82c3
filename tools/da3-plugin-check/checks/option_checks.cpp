// SPDX-License-Identifier: Apache-2.0
// The schema, and options that must be refused.
#include <algorithm>
#include <da3/option_type.hpp>
#include <set>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

constexpr int32_t kind_option = 1;

std::vector<OptionRow> of_scope(const std::vector<OptionRow>& all, uint32_t scope) {
  std::vector<OptionRow> some;
  for (const OptionRow& row : all)
    if (row.scope == scope) some.push_back(row);
  return some;
}

std::string schema(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const auto rows = options(plugin.table());
  const std::string name = plugin->name;
  std::set<std::string> keys;
  for (const OptionRow& row : rows) {
    const std::string which = "the option \"" + shortened(row.key, 60) + "\"";
    if (row.key.empty()) fail("an option has no key");
    if (!keys.insert(row.key).second) fail(which + " is there twice");
    const size_t dot = row.key.find('.');
    if (dot != std::string::npos && row.key.substr(0, dot) != name)
      fail(which + " has the prefix of another backend; begin with \"" + name + ".\"");
    if (!option_type::valid_type(row.type))
      fail(which + " has the type \"" + row.type + "\", which is not of the language of types");
    if (!option_type::accepts(row.type, row.def))
      fail(which + " has the default \"" + row.def + "\", which its type does not accept");
    if (row.help.empty()) fail(which + " has no help");
    if (row.scope != DA3_SCOPE_OPTIMIZER && row.scope != DA3_SCOPE_RUN)
      fail(which + " has the scope " + std::to_string(row.scope));
    if (row.deprecated > 1) fail(which + " has deprecated = " + std::to_string(row.deprecated));
    if (!valid_utf8(row.key + row.type + row.def + row.help)) fail(which + " has text that is not UTF-8");
  }
  if (rows != options(plugin.table())) fail("two calls give different schemas");
  if (rows.empty()) context.warn("there are no options at all; give at least performance_mode and threads");
  return std::to_string(rows.size()) + " options";
}

/// With what the checks of optimizer_create need.
struct Setting {
  explicit Setting(Context& context)
      : host(context),
        plugin(context, host),
        device(usable_device(plugin.table())),
        rows(of_scope(options(plugin.table()), DA3_SCOPE_OPTIMIZER)) {}
  Answer make(const Values& values) {
    da3_optimizer* optimizer = nullptr;
    const Answer answer = create(plugin.table(), device, values, &optimizer);
    if (answer.ok()) call_void("optimizer_destroy", [&] { plugin->optimizer_destroy(optimizer); });
    return answer;
  }
  TestHost host;
  Plugin plugin;
  DeviceRow device;
  std::vector<OptionRow> rows;
};

std::string defaults(Context& context) {
  Setting at(context);
  Values all;
  const Answer without = at.make({});
  if (!without.ok()) throw SetupFailure{22, without.text()};
  for (const OptionRow& row : at.rows) {
    const Answer answer = at.make({{row.key, row.def}});
    if (!answer.ok()) fail("the default of " + row.key + " is refused: " + answer.text());
    all.emplace_back(row.key, row.def);
  }
  const Answer answer = at.make(all);
  if (!answer.ok()) fail("all defaults together are refused: " + answer.text());
  return "";
}

std::string unknown(Context& context) {
  Setting at(context);
  Values values;
  if (!at.rows.empty()) values.emplace_back(at.rows.front().key, at.rows.front().def);
  values.emplace_back("no_such_key_anywhere", "1");
  const Answer answer = at.make(values);
  expect_refused(answer, {DA3_E_UNKNOWN_KEY}, kind_option, static_cast<int64_t>(values.size()) - 1);
  for (const char* part : {"no_such_key_anywhere", "profile.yaml:7:3"})
    if (answer.message.find(part) == std::string::npos)
      fail("the sentence does not name " + std::string(part) + ": \"" + shortened(answer.message) + "\"");
  expect_refused(at.make({{"another_backend.threads", "1"}}), {DA3_E_UNKNOWN_KEY}, kind_option, 0);
  expect_refused(at.make({{std::string(100000, 'k'), "1"}}), {DA3_E_UNKNOWN_KEY}, kind_option, 0);
  expect_refused(at.make({{"", "1"}}), {DA3_E_UNKNOWN_KEY, DA3_E_INVALID}, kind_option, 0);
  for (const OptionRow& row : at.rows) {
    if (row.key.size() < 5) continue;
    const std::string typing_error = row.key.substr(0, 2) + row.key.substr(3);
    const Answer near = at.make({{typing_error, "1"}});
    expect_refused(near, {DA3_E_UNKNOWN_KEY}, kind_option, 0);
    if (near.message.find(row.key) == std::string::npos)
      context.warn("for \"" + typing_error + "\" the sentence does not suggest " + row.key);
    break;
  }
  return "";
}

std::string bad_values(Context& context) {
  Setting at(context);
  const std::vector<std::string> values = {
      "",      "no such value", "-1",     "0",    "-99999999999", "99999999999",
      "1e999", "nan",           "[1, [2", "true", "3.5",          std::string(1 << 20, 'x')};
  size_t tried = 0;
  for (const OptionRow& row : at.rows)
    for (const std::string& value : values) {
      if (option_type::accepts(row.type, value)) continue;
      Answer answer = at.make({{row.key, value}});
      answer.what += " with " + row.key + "=\"" + shortened(value, 20) + "\" (" + row.type + ")";
      expect_refused(answer, {DA3_E_BAD_VALUE}, kind_option, 0);
      if (answer.message.find(row.key) == std::string::npos)
        fail("the sentence does not name " + row.key + ": \"" + shortened(answer.message) + "\"");
      ++tried;
    }
  if (tried == 0) skip("every option accepts every text");
  return std::to_string(tried) + " values refused";
}

std::string duplicates(Context& context) {
  Setting at(context);
  if (at.rows.empty()) skip("there are no options of the optimizer");
  for (const OptionRow& row : at.rows) {
    Answer answer = at.make({{row.key, row.def}, {row.key, row.def}});
    answer.what += " with " + row.key + " twice";
    expect_refused(answer, {DA3_E_INVALID, DA3_E_BAD_VALUE}, kind_option, 1);
  }
  return "";
}

std::string deprecated(Context& context) {
  Setting at(context);
  size_t found = 0;
  for (const OptionRow& row : at.rows) {
    if (!row.deprecated) continue;
    ++found;
    const size_t before = at.host.lines().size();
    expect_ok(at.make({{row.key, row.def}}));
    size_t warnings = 0;
    const auto lines = at.host.lines();
    for (size_t i = before; i < lines.size(); ++i)
      warnings += lines[i].level >= 3 && lines[i].text.find(row.key) != std::string::npos;
    if (warnings != 1)
      fail("the deprecated option " + row.key + " gives " + std::to_string(warnings) +
           " warnings in the log instead of 1");
  }
  if (!found) skip("no option is deprecated");
  return "";
}

std::string scopes(Context& context) {
  Setting at(context);
  const auto rows = of_scope(options(at.plugin.table()), DA3_SCOPE_RUN);
  if (rows.empty()) skip("there are no options of a run");
  for (const OptionRow& row : rows) {
    Answer answer = at.make({{row.key, row.def}});
    answer.what += " with " + row.key + ", an option of a run,";
    expect_refused(answer, {DA3_E_UNKNOWN_KEY}, kind_option, 0);
  }
  return "";
}

}  // namespace

std::vector<Check> option_checks() {
  constexpr const char* schema_written = "plugin.h, OPTION TYPES and OPTION KEYS";
  constexpr const char* create_written = "plugin.h, da3_plugin.optimizer_create";
  return {
      {16, "a whole schema",
       "every option has key, type of the language, default that the type accepts, help and scope; keys are "
       "unique",
       schema_written, Needs::entry, true, schema},
      {17, "defaults are accepted", "every default is accepted, alone and together", schema_written,
       Needs::device, true, defaults},
      {18, "unknown keys are refused",
       "DA3_E_UNKNOWN_KEY with kind 1, the index, and key, origin and nearest key in the sentence",
       create_written, Needs::device, true, unknown},
      {19, "bad values are refused",
       "out of range, of the wrong type, empty, a megabyte: DA3_E_BAD_VALUE with kind 1 and index",
       create_written, Needs::device, true, bad_values},
      {20, "nothing is given twice", "the second of two options with one key is refused with its index",
       create_written, Needs::device, true, duplicates},
      {21, "deprecated options warn", "a deprecated option works and gives one warning in the host's log",
       "plugin.h, da3_option.deprecated", Needs::device, true, deprecated},
      {60, "scopes are kept", "an option of a run is unknown to optimizer_create",
       "plugin.h, da3_option.scope", Needs::device, true, scopes},
  };
}

}  // namespace da3::check
