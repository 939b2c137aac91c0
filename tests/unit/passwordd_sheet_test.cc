// The answer: passwords as lines or JSON, whole or in pieces.
#include "tools/passwordd/sheet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace passwordd {
namespace {

// The characters of a set in their order, again and again.
net::Error in_order(std::span<unsigned char> bytes) {
  unsigned char next = 0;
  for (unsigned char& byte : bytes) byte = next++;
  return {};
}

Order order(std::uint32_t count, std::uint32_t length, std::string_view set, bool json = false,
            bool entropy = false) {
  Order order;
  order.count = count;
  order.length = length;
  order.json = json;
  order.entropy = entropy;
  const bool named = Charset::parse_name(set, order.charset).empty();
  EXPECT_TRUE(named || Charset::parse_characters(set, order.charset).empty()) << set;
  return order;
}

std::string sheet(const Order& order) {
  std::string text;
  Sheet sheet(order, in_order);
  EXPECT_FALSE(sheet.append(text, SIZE_MAX));
  EXPECT_TRUE(sheet.done());
  EXPECT_LE(text.size(), order.bytes_max());
  return text;
}

TEST(Sheet, Forms) {
  struct Row {
    Order order;
    const char* text;
  };
  const Row table[] = {
      {order(1, 4, "abcd"), "abcd\n"},
      {order(3, 4, "abcd"), "abcd\nabcd\nabcd\n"},
      {order(2, 5, "abcd"), "abcda\nbcdab\n"},
      {order(1, 4, "äöü"), "äöüä\n"},
      {order(1, 4, "abcd", true), "[\n  \"abcd\"\n]\n"},
      {order(2, 4, "abcd", true), "[\n  \"abcd\",\n  \"abcd\"\n]\n"},
      {order(1, 4, "\"\\/ä", true), "[\n  \"\\\"\\\\/ä\"\n]\n"},
      {order(2, 4, "abcd", false, true), "abcd\t8.00 bits\nabcd\t8.00 bits\n"},
      {order(1, 4, "abc", false, true), "abca\t6.34 bits\n"},
      {order(2, 4, "abcd", true, true),
       "[\n  {\"password\": \"abcd\", \"bits\": 8.00},\n"
       "  {\"password\": \"abcd\", \"bits\": 8.00}\n]\n"},
  };
  for (const Row& row : table) EXPECT_EQ(sheet(row.order), row.text);
}

TEST(Sheet, TheLargestFitsItsLimit) {
  const std::string text = sheet(order(kCountMax, kLengthMax, "😀😁", true, true));
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(text, '\n')), kCountMax + 2);
}

TEST(Sheet, ThePiecesAreTheWhole) {
  const Order whole = order(1000, 20, "alnum", true);
  Sheet in_pieces(whole, in_order);
  std::string text;
  while (!in_pieces.done()) {
    std::string piece;
    EXPECT_FALSE(in_pieces.append(piece, 512));
    EXPECT_LT(piece.size(), 512u + 64);
    text += piece;
  }
  EXPECT_EQ(text.size(), sheet(whole).size());
  EXPECT_EQ(std::ranges::count(text, '\n'), 1002);
}

net::Error without_system_call(std::span<unsigned char>) { return UV_ENOSYS; }

TEST(Sheet, FailsWithItsSource) {
  const Order any = order(100, 12, "alnum");
  Sheet sheet(any, without_system_call);
  std::string text;
  EXPECT_EQ(sheet.append(text, SIZE_MAX), net::Error(UV_ENOSYS));
}

}  // namespace
}  // namespace passwordd
