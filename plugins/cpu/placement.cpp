// SPDX-License-Identifier: Apache-2.0
#include "cpu/placement.hpp"

#include <algorithm>
#include <tuple>

#include "common/report.hpp"

namespace da3::cpu {
namespace {

using thin::Decision;
using thin::OptionSet;
using thin::refuse;
using thin::Report;

constexpr const char *kAffinity = "cpu.affinity", *kNode = "cpu.numa_node";

struct Node {
  int number = 0;
  int cores = 0;
  std::vector<int> cpus;  ///< one of each core first
};

/// The CPUs in the order in which threads take them: one of each core, node by node, then what cores have
/// besides.
std::vector<CpuPlace> in_order(const std::vector<CpuPlace>& places) {
  std::vector<std::tuple<int, int, int, CpuPlace>> ranked;
  for (size_t i = 0; i < places.size(); ++i) {
    const CpuPlace& p = places[i];
    const auto rank = std::count_if(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const CpuPlace& other) { return other.core == p.core; });
    ranked.emplace_back(static_cast<int>(rank), p.node, p.core, p);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
           std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b));
  });
  std::vector<CpuPlace> ordered;
  for (const auto& entry : ranked) ordered.push_back(std::get<3>(entry));
  return ordered;
}

/// The nodes with most cores first. Empty where a CPU's node is not known.
std::vector<Node> nodes_of(const std::vector<CpuPlace>& places) {
  std::vector<Node> nodes;
  for (const CpuPlace& place : in_order(places)) {
    if (place.node < 0) return {};
    auto node =
        std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.number == place.node; });
    if (node == nodes.end()) node = nodes.insert(nodes.end(), Node{place.node, 0, {}});
    node->cpus.push_back(place.cpu);
  }
  for (Node& node : nodes) node.cores = cores_of(places, node.number);
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) {
    return a.cores != b.cores ? a.cores > b.cores : a.number < b.number;
  });
  return nodes;
}

std::string join(const std::vector<int>& numbers) {
  std::string text;
  for (int number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

class Placing {
 public:
  Placing(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget, Decision& decision)
      : c_(c), options_(options), budget_(cpu_budget), decision_(decision), report_(decision) {}

  void run() {
    nodes_ = nodes_of(c_.places);
    choose_node();
    const int sessions = static_cast<int>(options_.integer("cpu.sessions"));
    choose_threads(sessions);
    engine::Policy& policy = decision_.policy;
    policy.sessions = std::min(sessions, total_);
    if (policy.sessions < sessions)
      report_.warn(thin::option_text(options_, "cpu.sessions") + ": there are only " +
                   std::to_string(total_) + " threads to share, so that many sessions run at the same time");
    policy.threads = std::max(1, total_ / policy.sessions);
    choose_affinity();  // may take threads away
    policy.thread_budget = std::max(policy.threads * policy.sessions, most_);
    tell();
  }

 private:
  bool automatic(const char* key) const { return options_.is(key, "auto"); }

  /// `cpu.numa_node`, or the one of `cpu.affinity: node` where one session is to be bound.
  void choose_node() {
    if (!automatic(kNode)) {
      if (options_.is(kAffinity, "off"))
        refuse("cpu", options_, kNode, "cpu.affinity is off, and a node binds; leave one of the two out");
      const auto number = options_.integer(kNode);
      only_ = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.number == number; });
      if (only_ != nodes_.end()) return;
      std::vector<int> known;
      for (const Node& node : nodes_) known.push_back(node.number);
      std::sort(known.begin(), known.end());
      refuse("cpu", options_, kNode,
             known.empty()
                 ? "this system does not tell its NUMA nodes; use auto"
                 : "the process may use CPUs of node " + join(known) + "; use one of them, or auto");
    }
    if (options_.is(kAffinity, "node") && options_.is("cpu.sessions", "1") && !nodes_.empty())
      only_ = nodes_.begin();
    else
      only_ = nodes_.end();
  }

  void choose_threads(int sessions) {
    const int usable = c_.usable_cpus();
    most_ = c_.compute_cpus();
    reason_ = c_.compute_reason();
    if (only_ != nodes_.end() && only_->cores < most_) {
      most_ = only_->cores;
      reason_ = "node " + std::to_string(only_->number) + " has " + std::to_string(most_) +
                (most_ == 1 ? " core" : " cores");
    }
    if (budget_ > 0 && budget_ < static_cast<uint32_t>(most_)) {
      most_ = static_cast<int>(budget_);
      reason_ = "the host asked for at most " + std::to_string(budget_);
    }
    total_ = most_;
    if (!automatic("threads")) {
      total_ = static_cast<int>(options_.integer("threads"));
      reason_.clear();
      if (total_ > usable)
        report_.warn("option 'threads' = " + std::to_string(total_) + ": more than the process may use (" +
                     c_.usable_reason() + "), runs will be slower; use auto");
    }
    if (sessions > 1 && total_ > 1)
      reason_ = std::to_string(total_) + " for " + std::to_string(std::min(sessions, total_)) +
                " sessions at the same time" + (reason_.empty() ? "" : "; " + reason_);
  }

  void choose_affinity() {
    std::string asked = options_.text(kAffinity);
    if (asked == "off") return off("");
    const bool given = asked != "auto" || !automatic(kNode);
    if (asked == "auto") asked = automatic(kNode) ? "" : "node";
    if (!c_.can_bind()) {
      if (given)
        refuse("cpu", options_, asked == "cores" || automatic(kNode) ? kAffinity : kNode,
               "this system does not tell where its CPUs are; use auto");
      return off("where the CPUs are is not known");
    }
    if (!c_.bound_by.empty() && !given) return off(c_.bound_by + " is set: OpenMP binds its threads itself");
    if (asked == "cores") return bind_threads();
    if (asked == "node" && nodes_.empty())
      refuse("cpu", options_, kAffinity, "this system does not tell its NUMA nodes; use cores, auto or off");
    if (asked == "node") return bind_sessions();
    if (nodes_.size() < 2) return off("one NUMA node: the system places the threads");
    const engine::Policy& policy = decision_.policy;
    if (policy.sessions > 1) {
      if (policy.threads <= least_share()) return bind_sessions();
      return off("the sessions' threads do not fit into single NUMA nodes");
    }
    off(policy.threads > nodes_.front().cores
            ? "a run takes CPUs of several NUMA nodes; cpu.sessions would keep each on one"
            : "a run would fit into one NUMA node, but so would other processes; cpu.affinity: node binds "
              "it");
  }

  void off(const std::string& reason) { affinity_ = "off", affinity_reason_ = reason; }

  const Node& node_of_session(int session) const {
    return only_ != nodes_.end() ? *only_ : nodes_[static_cast<size_t>(session) % nodes_.size()];
  }

  /// Cores that each session has for itself when all are bound.
  int least_share() const {
    const int sessions = decision_.policy.sessions;
    int least = INT32_MAX;
    for (int i = 0; i < sessions; ++i) {
      const Node& node = node_of_session(i);
      int sharing = 0;
      for (int k = 0; k < sessions; ++k) sharing += node_of_session(k).number == node.number;
      least = std::min(least, node.cores / sharing);
    }
    return std::max(1, least);
  }

  /// All threads of a session may use all CPUs of its node.
  void bind_sessions() {
    engine::Policy& policy = decision_.policy;
    if (automatic("threads")) policy.threads = std::min(policy.threads, least_share());
    size_t each = 0;
    for (const Node& node : nodes_) each = std::max(each, node.cpus.size());
    if (!fits(each)) return;
    std::vector<int> numbers;
    for (int i = 0; i < policy.sessions; ++i) {
      const Node& node = node_of_session(i);
      numbers.push_back(node.number);
      for (size_t k = 0; k < each; ++k)
        policy.cpus[static_cast<size_t>(i) * each + k] =
            static_cast<uint16_t>(node.cpus[std::min(k, node.cpus.size() - 1)]);
      policy.memory_set[i] = set_of(node.number);
    }
    policy.affinity = engine::Affinity::sessions;
    policy.cpus_each = static_cast<int32_t>(each);
    affinity_ = "node " + join(numbers);
    affinity_reason_ = policy.sessions > 1 ? "each session stays on its node, and so does its memory"
                                           : "threads stay on it, and so does what they touch first";
  }

  /// Each thread has a CPU of its own.
  void bind_threads() {
    engine::Policy& policy = decision_.policy;
    std::vector<CpuPlace> places;
    for (const CpuPlace& place : in_order(c_.places))
      if (only_ == nodes_.end() || place.node == only_->number) places.push_back(place);
    const auto each = static_cast<size_t>(policy.threads);
    const size_t wanted = each * static_cast<size_t>(policy.sessions);
    if (wanted > places.size())
      return off(std::to_string(wanted) + " threads cannot have " + std::to_string(places.size()) +
                 " CPUs to themselves");
    if (!fits(each)) return;
    std::vector<int> cpus;
    for (size_t i = 0; i < wanted; ++i) {
      policy.cpus[i] = static_cast<uint16_t>(places[i].cpu);
      cpus.push_back(places[i].cpu);
      if (i % each == 0) policy.memory_set[i / each] = set_of(places[i].node);
    }
    policy.affinity = engine::Affinity::threads;
    policy.cpus_each = policy.threads;
    affinity_ = "cores";
    affinity_reason_ = "threads have CPU " + join(cpus);
  }

  /// Of a node: by its place in the list, not by its number, which may be large.
  uint8_t set_of(int number) const {
    const auto node =
        std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.number == number; });
    return static_cast<uint8_t>(node == nodes_.end() ? 0 : (node - nodes_.begin()) % engine::kMostMemorySets);
  }

  bool fits(size_t each) {
    if (each * static_cast<size_t>(decision_.policy.sessions) <= engine::kMostPlaces) return true;
    off("more CPUs than this version can place");
    return false;
  }

  void tell() {
    const engine::Policy& policy = decision_.policy;
    report_.say("threads", std::to_string(policy.threads), reason_);
    report_.say("sessions", std::to_string(policy.sessions),
                policy.sessions > 1 ? "runs of so many sessions compute at the same time" : "");
    report_.say("affinity", affinity_, affinity_reason_);
  }

  const Capabilities& c_;
  const OptionSet& options_;
  const uint32_t budget_;
  Decision& decision_;
  Report report_;
  std::vector<Node> nodes_;
  std::vector<Node>::iterator only_;
  int most_ = 1, total_ = 1;  ///< threads: that compute at full speed, of all sessions
  std::string reason_, affinity_, affinity_reason_;
};

}  // namespace

void decide_placement(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget,
                      Decision& decision) {
  Placing(c, options, cpu_budget, decision).run();
}

}  // namespace da3::cpu
