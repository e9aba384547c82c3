// SPDX-License-Identifier: Apache-2.0
#include "file_trust.hpp"

#include <sys/stat.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <da3/log.hpp>

#include "hardware/child.hpp"
#include "sha256.hpp"
#include "text_file.hpp"

namespace da3::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view pin_prefix = "plugins.sha256.";
constexpr const char* remedy =
    "; correct that, or set plugins.trust: any if you trust whoever can write there";

/// Under an access control list the group's bits are those of everybody in the list.
bool has_access_list([[maybe_unused]] const fs::path& path) {
#ifdef __linux__
  return ::lgetxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
#else
  return false;
#endif
}

std::string entry_problem(const fs::path& path, uint32_t user, bool is_file) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    return path.string() + " cannot be examined: " + std::strerror(errno);
  if (status.st_uid != 0 && status.st_uid != user)
    return path.string() + " belongs to the user " + std::to_string(status.st_uid) +
           ", neither to root nor to this user";
  const bool sticky = !is_file && (status.st_mode & S_ISVTX) != 0;
  // Root's own group is root.
  const bool by_group = (status.st_mode & S_IWGRP) != 0 && (status.st_gid != 0 || has_access_list(path));
  if ((!by_group && (status.st_mode & S_IWOTH) == 0) || sticky) return "";
  char mode[16];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
  return path.string() + " can be written by others than its owner (mode " + mode + ")";
}

}  // namespace

TrustRules trust_rules(const Profile& profile) {
  TrustRules rules;
  const bool privileged = hardware::runs_privileged();
  rules.trust = privileged || ::geteuid() == 0 ? Trust::system : Trust::any;
  const std::string said = profile.get("plugins.trust", "auto");
  if (said == "hash") rules.trust = Trust::hash;
  if (said == "system") rules.trust = Trust::system;
  if (said == "any" && privileged)
    log(LogLevel::warn,
        "plugins.trust: any is not obeyed by a program that runs with more rights than its caller");
  else if (said == "any")
    rules.trust = Trust::any;
  for (const Setting& setting : profile.settings())
    if (setting.key.starts_with(pin_prefix))
      rules.pins[setting.key.substr(pin_prefix.size())] = setting.value;
  return rules;
}

std::string ownership_problem(const fs::path& path, uint32_t user) {
  std::error_code error;
  fs::path at = fs::canonical(path, error);
  if (error) return path.string() + " cannot be resolved: " + error.message();
  for (bool is_file = !fs::is_directory(at, error);; is_file = false) {
    if (const std::string problem = entry_problem(at, user, is_file); !problem.empty()) return problem;
    if (at == at.root_path()) return "";
    at = at.parent_path();
  }
}

std::string trust_problem(const TrustRules& rules, const std::string& name, const fs::path& library) {
  if (rules.trust != Trust::any)
    if (const std::string problem = ownership_problem(library, ::geteuid()); !problem.empty())
      return "it is not trusted: " + problem + remedy;
  const auto pin = rules.pins.find(name);
  if (pin == rules.pins.end())
    return rules.trust == Trust::hash
               ? "it is not trusted: plugins.trust is hash and the profile has no plugins.sha256." + name +
                     "; add it (sha256sum " + library.string() + ")"
               : "";
  if (sha256_file(library) == pin->second) return "";
  return library.string() + " is not the file that the profile pins (plugins.sha256." + name +
         " differs); install that version, or change the pin";
}

}  // namespace da3::detail
