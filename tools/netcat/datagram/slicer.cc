#include "tools/netcat/datagram/slicer.h"

#include <algorithm>

namespace netcat {

void Slicer::add(std::string_view data) {
  data_ = crlf_ ? encoder_.encode(data) : data;
  if (!lines_) return;
  line_ += data_;
  data_ = line_;
}

void Slicer::clear() {
  line_.clear();
  data_ = {};
}

std::string_view Slicer::take() {
  std::size_t size = std::min(data_.size(), kDatagramBytes);
  if (lines_) {
    const std::size_t end = data_.substr(0, size).find('\n');
    const bool whole = end != data_.npos || size == kDatagramBytes || finished_;
    if (end != data_.npos) size = end + 1;
    if (!whole) size = 0;
  }
  const std::string_view slice = data_.substr(0, size);
  data_.remove_prefix(size);
  return slice;
}

std::span<const std::string_view> Slicer::next(std::size_t most) {
  slices_.clear();
  while (slices_.size() < most) {
    const std::string_view slice = take();
    if (slice.empty()) break;
    slices_.push_back(slice);
  }
  if (lines_ && slices_.empty()) {  // keep only the beginning of a line
    line_.erase(0, line_.size() - data_.size());
    data_ = line_;
  }
  return slices_;
}

}  // namespace netcat
