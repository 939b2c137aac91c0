// link.h - a node of an intrusive list, which can leave the list without a reference to it.
#pragma once

namespace net {

template <typename T>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Inserts this object at the front of `list`.
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
  T** link_ = nullptr;  // the pointer that points to this object
};

}  // namespace net
