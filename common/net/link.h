// link.h - an object that is in one list or in none, and leaves it by itself.
#pragma once

namespace net {

template <typename T>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Becomes the first of `list`.
  void link(T*& list) {
    next_ = list;
    link_ = &list;
    if (next_ != nullptr) next_->link_ = &next_;
    list = static_cast<T*>(this);
  }
  void unlink() {
    if (link_ == nullptr) return;
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    link_ = nullptr;
  }
  T* next() const { return next_; }

 protected:
  ~Link() = default;

 private:
  T* next_ = nullptr;
  T** link_ = nullptr;  // what points to us
};

}  // namespace net
