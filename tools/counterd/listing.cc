#include "tools/counterd/listing.h"

#include <array>

#include "tools/counterd/answer.h"

namespace counterd {

namespace {

void append_text(std::string& out, const Entry& entry, bool) {
  out.append(entry.name).append(": ").append(std::to_string(entry.counter.value)).append("\n");
}

void append_object(std::string& out, const Entry& entry, bool first) {
  out.append(first ? "\n" : ",\n");
  append_json(out, entry.name, entry.counter);
}

// A label's value needs the same escapes as a JSON string, because names have no control
// characters.
void append_label(std::string& out, std::string_view metric, const Entry& entry) {
  out.append(metric).append("{name=");
  append_json_string(out, entry.name);
  out.append("} ");
}

void append_value(std::string& out, const Entry& entry, bool) {
  append_label(out, "counterd_value", entry);
  out.append(std::to_string(entry.counter.value)).append("\n");
}

void append_change(std::string& out, const Entry& entry, bool) {
  if (entry.counter.changed == kNever) return;
  append_label(out, "counterd_last_change_timestamp_seconds", entry);
  append_seconds(out, entry.counter.changed);
  out.push_back('\n');
}

}  // namespace

std::span<const Listing::Section> Listing::sections_of(ListFormat format) {
  static constexpr std::array<Section, 1> kText{{{"", append_text, ""}}};
  static constexpr std::array<Section, 1> kJson{{{"[", append_object, "\n]\n"}}};
  static constexpr std::array<Section, 2> kMetrics{
      {{"# HELP counterd_value Value of the counter.\n"
        "# TYPE counterd_value gauge\n",
        append_value, ""},
       {"# HELP counterd_last_change_timestamp_seconds Time of the last change, in Unix time.\n"
        "# TYPE counterd_last_change_timestamp_seconds gauge\n",
        append_change, ""}}};
  static constexpr std::array<Section, 3> kOpenMetrics{
      {kMetrics[0], kMetrics[1], {"# EOF\n", nullptr, ""}}};
  if (format == ListFormat::kText) return kText;
  if (format == ListFormat::kJson) return kJson;
  return format == ListFormat::kMetrics ? std::span<const Section>(kMetrics) : kOpenMetrics;
}

Listing::Listing(Store& store, ListFormat format, ListQuery query)
    : store_(store), sections_(sections_of(format)), query_(std::move(query)) {
  if (query_.limit > 0) left_ = query_.limit;
}

net::Task<Outcome> Listing::next(std::string& out) {
  const Section& section = sections_.front();
  if (section.append == nullptr) {
    out.append(section.head);
    sections_ = {};
    co_return Outcome{};
  }
  const Page page = co_await store_.list(query_, from_);
  if (page.status != Outcome::kDone) co_return Outcome{.status = page.status, .why = page.why};
  if (!begun_) out.append(section.head);
  begun_ = true;
  for (const Entry& entry : page.entries) {
    if (left_ == 0) break;
    section.append(out, entry, empty_);
    empty_ = false;
    --left_;
  }
  from_ = left_ > 0 ? page.next : "";
  if (!from_.empty()) co_return Outcome{};
  out.append(section.tail);
  sections_ = sections_.subspan(1);
  begun_ = false;
  empty_ = true;
  co_return Outcome{};
}

}  // namespace counterd
