// Names in any order in, in theirs out.
#include "tools/counterd/stores/redis/sorted_names.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace counterd {
namespace {

std::vector<std::string> all(SortedNames& names) {
  std::vector<std::string> out;
  while (auto name = names.next()) out.push_back(std::move(*name));
  return out;
}

TEST(SortedNames, ComeOutOnceAndInOrder) {
  using Names = std::vector<std::string>;
  const struct {
    std::vector<Names> in;
    Names out;
  } rows[] = {
      {{}, {}},
      {{{}, {}}, {}},
      {{{"a"}}, {"a"}},
      {{{"b", "a", "c"}}, {"a", "b", "c"}},
      {{{"b"}, {"a"}, {"b"}, {"a", "b"}}, {"a", "b"}},
      {{{"a", "a"}}, {"a"}},
      {{{"aa", "a"}, {"a b", "a"}}, {"a", "a b", "aa"}},
      {{{"\xd0\x9f", "z"}, {"Z"}}, {"Z", "z", "\xd0\x9f"}},
  };
  for (const auto& row : rows) {
    SortedNames names;
    for (const Names& some : row.in) names.add(some);
    EXPECT_EQ(all(names), row.out) << "row " << &row - rows;
    EXPECT_EQ(names.next(), std::nullopt);
  }
}

TEST(SortedNames, AreAsGoodAsASet) {
  std::minstd_rand random(1);
  for (int round = 0; round < 50; ++round) {
    SortedNames names;
    std::set<std::string> expected;
    for (int run = 0; run < 30; ++run) {
      std::vector<std::string> some;
      for (auto i = random() % 20; i > 0; --i) some.push_back(std::to_string(random() % 400));
      expected.insert(some.begin(), some.end());
      names.add(some);
    }
    EXPECT_EQ(all(names), std::vector(expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace counterd
