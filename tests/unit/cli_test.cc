// Command lines: values, every way to write an option, the error sentences, --help.
#include "common/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/cli/version.h"

namespace net {
namespace {

using testing::ElementsAre;
using testing::ExitedWithCode;
using testing::IsEmpty;

TEST(Cli, ASecretIsOverwrittenInArgv) {
  for (const char* form : {"-Pme:secret", "-vPme:secret", "--password=me:secret", "-P"}) {
    std::string tool = "tool", argument = form, value = "me:secret", got;
    bool verbose = false;
    Cli cli("tool", "", "");
    cli.flag("v,verbose", "", verbose);
    cli.secret("P,password", "TEXT", "", text(got));
    char* argv[] = {tool.data(), argument.data(), value.data(), nullptr};
    (void)cli.parse(argument == "-P" ? 3 : 2, argv);
    EXPECT_EQ(got, "me:secret");
    const std::string& holder = argument == "-P" ? value : argument;
    EXPECT_EQ(holder.find("me"), std::string::npos) << holder;
    EXPECT_TRUE(holder.ends_with(std::string(9, '*'))) << holder;
  }
}

// ---- durations ----

TEST(ParseDuration, NumbersAndSuffixes) {
  struct Row {
    const char* text;
    std::int64_t ms;
  };
  const Row table[] = {
      {"0", 0},
      {"0ms", 0},
      {"0.0s", 0},
      {"1", 1000},
      {"10", 10'000},
      {"1s", 1000},
      {"500ms", 500},
      {"1m", 60'000},
      {"1h", 3'600'000},
      {"0.5", 500},
      {".5s", 500},
      {"5.", 5000},
      {"1.5m", 90'000},
      {"0.25h", 900'000},
      {"2.5ms", 3},
      {"0.0001", 1},
      {"0.1", 100},
      {"0.3", 300},
      {"1.1", 1100},
      {"4.35", 4350},
      {"007", 7000},
      {"60m", 3'600'000},
      {"1000h", 3'600'000'000},
  };
  for (const Row& row : table) {
    Millis time{-7};
    EXPECT_TRUE(parse_duration(row.text, time)) << row.text;
    EXPECT_EQ(time.count(), row.ms) << row.text;
  }
}

TEST(ParseDuration, RangeIsOneTimeOrTwo) {
  MillisRange range;
  EXPECT_EQ(parse_duration_range("100ms", range), "");
  EXPECT_EQ(range.min, Millis(100));
  EXPECT_EQ(range.max, Millis(100));
  EXPECT_EQ(parse_duration_range("10ms..1.5s", range), "");
  EXPECT_EQ(range.min, Millis(10));
  EXPECT_EQ(range.max, Millis(1'500));
  const std::string wrong = " is not a time or a range of times (try 100ms or 10ms..1s)";
  for (const char* text : {"", "..", "1s..", "..1s", "1s..2s..3s", "1s-2s"})
    EXPECT_EQ(parse_duration_range(text, range), "'" + std::string(text) + "'" + wrong);
  EXPECT_EQ(parse_duration_range("2s..1s", range), "'2s..1s': the range ends before it begins");
  EXPECT_EQ(range.min, Millis(10)) << "and changes nothing";
}

TEST(ParseDuration, WhatIsNoTimeChangesNothing) {
  for (const char* wrong : {"",        " ",
                            "x",       "s",
                            "ms",      "-1",
                            "-0",      "+1",
                            "1 ",      " 1",
                            "1 s",     "1sec",
                            "1S",      "1d",
                            "1e3",     "1e",
                            "0x10",    "inf",
                            "nan",     "1..5",
                            "1,5",     "1m30s",
                            ".",       "1001h",
                            "3600001", "99999999999999999999999999999999h"}) {
    Millis time{-7};
    EXPECT_FALSE(parse_duration(wrong, time)) << wrong;
    EXPECT_EQ(time.count(), -7) << wrong;
  }
}

TEST(ParseDuration, MoreDigitsThanADoubleHolds) {
  Millis time{-7};
  EXPECT_TRUE(parse_duration("0." + std::string(30, '3'), time));
  EXPECT_EQ(time, Millis(334));
  const std::string many(400, '9');
  for (const std::string& wrong : {many, "0." + many, many + "." + many})
    EXPECT_FALSE(parse_duration(wrong, time)) << wrong;
  EXPECT_EQ(time, Millis(334));
}

// ---- setters ----

TEST(Setter, SaysWhatIsWrongWithAValue) {
  Millis time{};
  EXPECT_EQ(duration(time)("10s"), "");
  EXPECT_EQ(time, Millis(10'000));
  EXPECT_EQ(duration(time)("0"), "");
  EXPECT_EQ(duration(time)("x"), "'x' is not a time (try 500ms, 10s or 1m)");
  EXPECT_EQ(duration_over_zero(time)("1ms"), "");
  EXPECT_EQ(duration_over_zero(time)("0s"), "must be greater than 0");
  EXPECT_EQ(duration_over_zero(time)("x"), "'x' is not a time (try 500ms, 10s or 1m)");
  std::uint32_t n = 5;
  EXPECT_EQ(number(n, 1, 9)("9"), "");
  EXPECT_EQ(n, 9U);
  EXPECT_EQ(number(n, 1, 9)("10"), "'10' is not a number from 1 to 9");
  EXPECT_EQ(n, 9U);
  std::string word;
  EXPECT_EQ(text(word)(""), "must not be empty");
  EXPECT_EQ(text(word)("word"), "");
  EXPECT_EQ(word, "word");
  std::vector<std::string> words;
  EXPECT_EQ(each(words)("a"), "");
  EXPECT_EQ(each(words)("b"), "");
  EXPECT_THAT(words, ElementsAre("a", "b"));
}

// ---- the parser ----

struct Parsed {
  std::vector<std::string> given;  // options in the order of their setters' calls
  std::vector<std::string> operands;
};

class Tool {
  static constexpr Cli::NotSupported kNotSupported[] = {{"-D", "use -v"}, {"--lists", "use ls"}};

 public:
  Tool() : cli_("tool", "[options] THING", "Does a thing.") {
    cli_.not_supported(kNotSupported);
    for (const char* name : {"l,listen", "v,verbose", "no-shutdown", "4,ipv4"})
      cli_.flag(name, cli_.keep("help of " + std::string(name)), [this, name] { note(name, ""); });
    for (const char* name : {"p,source-port", "w,timeout", "q,quit-after", "source", "e,exec"})
      cli_.option(name, "VALUE", cli_.keep("help of " + std::string(name)),
                  [this, name](auto value) {
                    note(name, "=" + std::string(value));
                    return value == "wrong" ? "'wrong' is wrong" : "";
                  });
  }

  const Cli& cli() const { return cli_; }
  Parsed parse(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    arguments.insert(arguments.begin(), "tool");
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    parsed_.operands = cli_.parse(static_cast<int>(arguments.size()), argv.data());
    return parsed_;
  }

 private:
  void note(std::string name, const std::string& value) {
    parsed_.given.push_back(name.substr(name.find(',') + 1) + value);
  }
  Parsed parsed_;
  Cli cli_;
};

Parsed parse(std::vector<std::string> arguments) { return Tool().parse(std::move(arguments)); }

TEST(Cli, NothingGivenIsNothingSet) {
  const Parsed parsed = parse({});
  EXPECT_THAT(parsed.given, IsEmpty());
  EXPECT_THAT(parsed.operands, IsEmpty());
}

TEST(Cli, EveryWayToWriteAnOption) {
  using Words = std::vector<std::string>;
  struct Row {
    Words arguments;
    Words given;
    Words operands = {};
  };
  const Row table[] = {
      {{"-l"}, {"listen"}},
      {{"--listen"}, {"listen"}},
      {{"-lv4"}, {"listen", "verbose", "ipv4"}},
      {{"-vv"}, {"verbose", "verbose"}},
      {{"-lvp8000"}, {"listen", "verbose", "source-port=8000"}},
      {{"-lvp", "8000"}, {"listen", "verbose", "source-port=8000"}},
      {{"-p", "8000", "-l"}, {"source-port=8000", "listen"}},
      {{"-w0.5"}, {"timeout=0.5"}},
      {{"-w.5"}, {"timeout=.5"}},
      {{"-w", "-1"}, {"timeout=-1"}},
      {{"-q-1"}, {"quit-after=-1"}},
      {{"-w=1"}, {"timeout==1"}},
      {{"--timeout=5"}, {"timeout=5"}},
      {{"--timeout", "5"}, {"timeout=5"}},
      {{"--timeout", "--listen"}, {"timeout=--listen"}},
      {{"--timeout="}, {"timeout="}},
      {{"--timeout", ""}, {"timeout="}},
      {{"--exec=a=b"}, {"exec=a=b"}},
      {{"--exec", "a b\nc"}, {"exec=a b\nc"}},
      {{"-e", "--"}, {"exec=--"}},
      {{"--no-shutdown"}, {"no-shutdown"}},
      {{"host", "80"}, {}, {"host", "80"}},
      {{"host", "-l", "80", "-v"}, {"listen", "verbose"}, {"host", "80"}},
      {{"-"}, {}, {"-"}},
      {{"-l", "-", "x"}, {"listen"}, {"-", "x"}},
      {{""}, {}, {""}},
      {{"-l", "--", "-v", "--", "x"}, {"listen"}, {"-v", "--", "x"}},
      {{"--"}, {}, {}},
      {{"--", "--no-such"}, {}, {"--no-such"}},
      {{"-w1", "-w", "2", "--timeout=3"}, {"timeout=1", "timeout=2", "timeout=3"}},
  };
  for (const Row& row : table) {
    const Parsed parsed = parse(row.arguments);
    EXPECT_EQ(parsed.given, row.given) << testing::PrintToString(row.arguments);
    EXPECT_EQ(parsed.operands, row.operands) << testing::PrintToString(row.arguments);
  }
}

TEST(Cli, MistakesEndWithStatus2AndOneSentence) {
  struct Row {
    std::vector<std::string> arguments;
    const char* sentence;
  };
  const Row table[] = {
      {{"-x"}, "^tool: unknown option -x \\(see --help\\)\n$"},
      {{"-lx"}, "^tool: unknown option -x \\(see --help\\)\n$"},
      {{"--lisden"}, "^tool: unknown option --lisden \\(did you mean --listen\\?\\)\n$"},
      {{"--time=5"}, "^tool: unknown option --time \\(did you mean --timeout\\?\\)\n$"},
      {{"--listening"}, "^tool: unknown option --listening \\(did you mean --listen\\?\\)\n$"},
      {{"-L"}, "^tool: unknown option -L \\(see --help\\)\n$"},
      {{"-D"}, "^tool: -D: not supported; use -v\n$"},
      {{"--lists"}, "^tool: --lists: not supported; use ls\n$"},
      {{"-lD"}, "^tool: -D: not supported; use -v\n$"},
      {{"--source-prot", "1"}, "unknown option --source-prot \\(did you mean --source-port\\?\\)"},
      {{"--zzzzzzzz"}, "^tool: unknown option --zzzzzzzz \\(see --help\\)\n$"},
      {{"--w", "5"}, "^tool: unknown option --w \\(see --help\\)\n$"},
      {{"-w"}, "^tool: -w: a value is missing: VALUE\n$"},
      {{"-lw"}, "^tool: -lw: a value is missing: VALUE\n$"},
      {{"--timeout"}, "^tool: --timeout: a value is missing: VALUE\n$"},
      {{"--listen=5"}, "^tool: --listen takes no value\n$"},
      {{"--timeout=wrong"}, "^tool: --timeout: 'wrong' is wrong\n$"},
      {{"-w", "wrong"}, "^tool: --timeout: 'wrong' is wrong\n$"},
  };
  for (const Row& row : table)
    EXPECT_EXIT(parse(row.arguments), ExitedWithCode(2), row.sentence)
        << testing::PrintToString(row.arguments);
}

TEST(Cli, RemembersHowAnOptionWasTyped) {
  Tool tool;
  (void)tool.parse({"-lw1", "--verbose", "--source=x"});
  EXPECT_EQ(tool.cli().typed("listen"), "-l");
  EXPECT_EQ(tool.cli().typed("timeout"), "-w");
  EXPECT_EQ(tool.cli().typed("verbose"), "--verbose");
  EXPECT_EQ(tool.cli().typed("source"), "--source");
  EXPECT_EQ(tool.cli().typed("ipv4"), "--ipv4");
  EXPECT_TRUE(tool.cli().is_given("listen"));
  EXPECT_FALSE(tool.cli().is_given("ipv4"));
}

TEST(Cli, TheUsageLineAsAnError) {
  const Cli cli("tool", "[options] THING\n       tool OTHER", "Does a thing.");
  EXPECT_EXIT(cli.fail_usage(), ExitedWithCode(2),
              "^tool: usage: tool \\[options\\] THING \\(see --help\\)\n$");
}

TEST(Cli, DashesAloneAreNoOption) {
  EXPECT_EXIT(parse({"---"}), ExitedWithCode(2), "^tool: unknown option --- \\(see --help\\)\n$");
  EXPECT_EXIT(parse({"--=5"}), ExitedWithCode(2), "^tool: unknown option");
}

TEST(Cli, ControlBytesOfAMistakeReachNoTerminal) {
  EXPECT_EXIT(parse({"--\x1b[31m"}), ExitedWithCode(2), "unknown option --.x1b\\[31m");
}

// What parse() prints on standard output before it ends the process.
std::string printed_by(const char* option) {
  testing::internal::CaptureStdout();
  EXPECT_EXIT(parse({"-l", option}), ExitedWithCode(0), "^$");
  return testing::internal::GetCapturedStdout();
}

TEST(Cli, HelpIsATable) {
  Cli cli("tool", "[options] THING", "Does a thing.");
  bool on = false;
  std::string value;
  cli.flag("l,listen", "listen instead", on);
  cli.flag("no-shutdown", "no half-close", on);
  cli.option("w,timeout", "T", "time limit", text(value));
  cli.option("a-very-very-long-name", "ARGUMENT", "still apart", text(value));
  EXPECT_EQ(cli.help(),
            "usage: tool [options] THING\n"
            "Does a thing.\n"
            "\n"
            "  -l, --listen                listen instead\n"
            "      --no-shutdown           no half-close\n"
            "  -w, --timeout T             time limit\n"
            "      --a-very-very-long-name ARGUMENT  still apart\n");
}

TEST(Cli, HelpAndVersionGoToStandardOutput) {
  const std::string help = printed_by("--help");
  EXPECT_THAT(help, testing::StartsWith("usage: tool [options] THING\nDoes a thing.\n\n"));
  EXPECT_THAT(help, testing::HasSubstr("\n  -h, --help "));
  EXPECT_EQ(printed_by("-h"), help);
  EXPECT_EQ(printed_by("--version"), "tool (wireutils) " WIREUTILS_VERSION "\n");
}

}  // namespace
}  // namespace net
