// Random characters: fair, from the kernel alone, wiped after use.
#include "tools/passwordd/randomness.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "passwordd_test.h"

namespace passwordd {
namespace {

constexpr const char* kDefault =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#@$";

std::u32string draw(Source source, const Charset& set, std::size_t n) {
  std::u32string drawn;
  Randomness randomness(source);
  for (std::size_t i = 0; i < n; ++i) drawn += randomness.next(set, n - i);
  EXPECT_FALSE(randomness.error());
  return drawn;
}

// Pearson's statistic of how often each run of `width` characters comes, side by side, against all
// of them being equally likely.
double chi_square(const std::u32string& drawn, const Charset& set, std::size_t width = 1) {
  std::array<std::size_t, 128> place{};
  for (std::size_t i = 0; i < set.size(); ++i) place.at(set.characters()[i]) = i;
  std::size_t kinds = 1;
  for (std::size_t i = 0; i < width; ++i) kinds *= set.size();
  std::vector<std::size_t> counts(kinds);
  for (std::size_t at = 0; at + width <= drawn.size(); at += width) {
    std::size_t kind = 0;
    for (std::size_t i = 0; i < width; ++i) kind = kind * set.size() + place[drawn[at + i]];
    ++counts[kind];
  }
  const double expected = static_cast<double>(drawn.size() / width) / static_cast<double>(kinds);
  double sum = 0;
  for (const std::size_t n : counts) {
    const double off = static_cast<double>(n) - expected;
    sum += off * off / expected;
  }
  return sum;
}

// What a fair generator exceeds once in a billion runs, by degrees of freedom (kinds - 1).
struct Threshold {
  const char* set;
  double limit;
};
constexpr Threshold kThresholds[] = {
    {"ab", 37.325},     {"abc", 41.447},   {"digits", 60.661}, {"hex", 73.631},
    {"alpha", 136.453}, {"safe", 141.174}, {"alnum", 152.017}, {kDefault, 156.598},
};

TEST(Randomness, AMillionCharactersAreEven) {
  for (const Threshold& row : kThresholds) {
    const Charset set = charset(row.set);
    const std::size_t n = row.set == kDefault ? 1'000'000 : 200'000;
    EXPECT_LT(chi_square(draw(kernel_randomness, set, n), set), row.limit) << row.set;
  }
}

TEST(Randomness, SoArePairsOfThem) {
  const Charset set = charset("hex");
  EXPECT_LT(chi_square(draw(kernel_randomness, set, 1'000'000), set, 2), 414.545);
}

// The test above can fail: this is what the remainder of a byte would give.
TEST(Randomness, AModuloBiasWouldBeSeen) {
  const Charset set = charset(kDefault);
  std::mt19937 random(1);  // NOLINT: the same every time
  std::u32string drawn;
  for (int i = 0; i < 1'000'000; ++i) drawn += set.characters()[(random() & 0xff) % set.size()];
  EXPECT_GT(chi_square(drawn, set), 156.598);
}

std::vector<std::size_t> asked;

// 0, 1, 2, ... 255, 0, ...
net::Error counting(std::span<unsigned char> bytes) {
  static unsigned char next = 0;
  asked.push_back(bytes.size());
  for (unsigned char& byte : bytes) byte = next++;
  return {};
}

TEST(Randomness, BytesThatCannotBeSharedOutAreRefused) {
  const Charset set = charset("abc");  // 255 is refused
  const std::u32string drawn = draw(counting, set, 3 * 255);
  std::u32string expected;
  for (int i = 0; i < 255; ++i) expected += U"abc";
  EXPECT_EQ(drawn, expected);
}

TEST(Randomness, IsTakenInBulkButNotForLater) {
  asked.clear();
  (void)draw(counting, charset(kDefault), 1200);
  EXPECT_LE(asked.size(), 2u);
  asked.clear();
  (void)draw(counting, charset(kDefault), 4);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_LT(asked[0], 32u);
  asked.clear();
  (void)draw(counting, charset(kDefault), 100'000);
  EXPECT_LT(asked.size(), 40u);
}

net::Error refusing(std::span<unsigned char> bytes) {
  bytes[0] = 1;
  return UV_ENOSYS;
}

TEST(Randomness, WithoutTheKernelsThereIsNone) {
  Randomness randomness(refusing);
  const Charset set = charset("alnum");
  EXPECT_EQ(randomness.next(set, 1), U'\0');
  EXPECT_EQ(randomness.error(), net::Error(UV_ENOSYS));
  EXPECT_EQ(randomness.next(set, 1), U'\0');
}

int calls_left = 0;

net::Error failing_later(std::span<unsigned char> bytes) {
  return calls_left-- > 0 ? counting(bytes) : net::Error(UV_EAGAIN);
}

TEST(Randomness, AFailureHalfWayIsOneForGood) {
  calls_left = 1;
  Randomness randomness(failing_later);
  const Charset set = charset("alnum");
  while (randomness.next(set, 100) != U'\0') {
  }
  calls_left = 1;
  EXPECT_EQ(randomness.next(set, 100), U'\0');
  EXPECT_EQ(randomness.error(), net::Error(UV_EAGAIN));
}

net::Error marking(std::span<unsigned char> bytes) {
  for (unsigned char& byte : bytes) byte = 0x5a;
  return {};
}

TEST(Randomness, NothingOfItStaysInMemory) {
  alignas(Randomness) std::array<unsigned char, sizeof(Randomness)> memory{};
  const auto marks = [&memory] {
    std::size_t n = 0;
    for (const volatile unsigned char& byte : memory) n += byte == 0x5a;
    return n;
  };
  Randomness* randomness = std::construct_at(reinterpret_cast<Randomness*>(memory.data()), marking);
  (void)randomness->next(charset("hex"), 500);
  EXPECT_GE(marks(), 500u);
  std::destroy_at(randomness);
  EXPECT_LT(marks(), 16u) << "more than a few bytes of pointers, which are random, too";
}

TEST(KernelRandomness, FillsAllOfIt) {
  for (const std::size_t size : {0u, 1u, 255u, 257u, 4096u, 1u << 20}) {
    std::vector<unsigned char> bytes(size);
    EXPECT_FALSE(kernel_randomness(bytes));
    if (size < 4096) continue;
    std::size_t zeros = 0;
    for (std::size_t i = size - 1024; i < size; ++i) zeros += bytes[i] == 0;
    EXPECT_LT(zeros, 64u) << "of 1024, where 4 are likely";
  }
}

}  // namespace
}  // namespace passwordd
