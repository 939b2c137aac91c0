#!/usr/bin/env python3
"""mutants.py --build DIR [--seeds N] [--only TEXT] - can the simulation fail?

Builds netcat_sim again and again, each time with one fault of one line in netcat's core, and demands
that the seeds find it.  Prints a line for each and the score; exits with 1 if one survives.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ROOT / "tools/netcat"

# (file, what is there once, the fault)
MUTANTS = [
    # ending: the rules
    ("relay/ending.cc", "  idle_for_ = Millis::zero();\n}", "}"),
    ("relay/ending.cc", "  active_ = last_peer_ = now;\n  peer_has_moved_ = true;",
     "  last_peer_ = now;\n  peer_has_moved_ = true;"),
    ("relay/ending.cc", "  active_ = last_peer_ = now;\n  peer_has_moved_ = true;",
     "  active_ = last_peer_ = now;"),
    ("relay/ending.cc", "if (send_error_) failed(Verdict::kLost, send_error_);", ""),
    ("relay/ending.cc", "if (peer_ended_) failed(Verdict::kLost, e);", ""),
    ("relay/ending.cc", "leaves_at_once_ = why == Error(UV_EPIPE) && input_blocks_ &&",
     "leaves_at_once_ = why == Error(UV_EPIPE) ||"),
    ("relay/ending.cc", "if (held || progress) active_ = now;", "if (progress) active_ = now;"),
    ("relay/ending.cc", "if (held || progress) active_ = now;", "active_ = now;"),
    ("relay/ending.cc", "  undelivered_ = undelivered;\n", ""),
    ("relay/ending.cc", "std::min(kLook, std::chrono::floor<Millis>(now - last_look_))",
     "std::chrono::floor<Millis>(now - last_look_)"),
    ("relay/ending.cc", "if (!input_open() || !input_blocks_) return false;",
     "if (!input_open()) return false;"),
    ("relay/ending.cc", "peer_ended_ && peer_has_moved_ && !terms_.until_input_ends",
     "peer_ended_ && !terms_.until_input_ends"),
    ("relay/ending.cc", "peer_ended_ && peer_has_moved_ && !terms_.until_input_ends",
     "peer_ended_ && peer_has_moved_"),
    ("relay/ending.cc", "if (typed) return output_error_ || !terms_.until_input_ends;",
     "if (typed) return true;"),
    ("relay/ending.cc", "idle_for_ >= pause();", "idle_for_ >= pause() / 4;"),
    ("relay/ending.cc", "if (is_delivered()) return with(Verdict::kComplete);",
     "return with(Verdict::kComplete);"),
    ("relay/ending.cc", "now - input_end_ >= *terms_.quit_after) {",
     "now - input_end_ >= *terms_.quit_after * 40) {"),
    ("relay/ending.cc", "return with(is_delivered() ? Verdict::kComplete : Verdict::kUnacknowledged);",
     "return with(Verdict::kComplete);"),
    ("relay/ending.cc", "    if (send_error_) return with(Verdict::kLost, send_error_);\n", ""),
    ("relay/ending.cc", "now - active_ >= terms_.idle)", "now - active_ >= terms_.idle / 2)"),
    ("relay/ending.cc", "next = std::min(until(active_ + terms_.idle), std::max(terms_.idle / 4, kAckLookMin));",
     ""),
    ("relay/ending.cc", "if (counts_idleness()) next = std::min(next, until(last_look_ + kLook));", ""),
    ("relay/ending.cc", "refuses || (cut_short && resets_if_killed())",
     "cut_short && resets_if_killed()"),
    # relay: the order of things, and nobody waits for what has happened
    ("relay/relay.cc", "  remote_.reset_on_close(ending_.resets_if_killed());\n  tasks_", "  tasks_"),
    ("relay/relay.cc", "  remote_.reset_on_close(verdict_->resets);\n", ""),
    ("relay/relay.cc", "      remote_.reset_on_close(false);\n", ""),
    ("relay/relay.cc", "Next::kAwaitInput ? way.from.readable()", "Next::kAwaitInput ? way.to.writable()"),
    ("relay/relay.cc", "ending_.input_blocks(step.what == Step::kInputBlocks)) look_.wake();",
     "ending_.input_blocks(step.what == Step::kInputBlocks)) {}"),
    ("relay/relay.cc", "if (way.drained) return at_end(way);", "if (way.drained) return Next::kOver;"),
    ("relay/relay.cc", "if (e == Error(UV_EAGAIN)) return Next::kAwaitOutput;", ""),
    ("relay/relay.cc", "  way.ended = true;\n  look_.wake();\n  return Next::kOver;",
     "  way.ended = true;\n  return Next::kOver;"),
    ("relay/relay.cc", "      (void)local_.finish();\n", ""),
    ("relay/relay.cc", "      remote_.probe_peer();\n", ""),
    ("relay/relay_ending.cc", "    if (outlived) ending_.output_gone(step.error, loop_.now());\n", ""),
    ("relay/relay_ending.cc", "  ending_.send_failed(e);\n", ""),
    ("relay/relay_ending.cc", "  ending_.output_gone(Error(UV_EPIPE), loop_.now());\n  down_", "  down_"),
    ("relay/relay_ending.cc", "turn < kTurns && (up_.is_busy() || down_.is_busy())", "turn < 0"),
    ("relay/relay_ending.cc", "const bool held = up_.held || down_.held ||", "const bool held = "),
    # TLS's manners, and programs
    ("relay/relay_ending.cc", "    end(Verdict::kLost, step.error);",
     "    way.drained = step.error == Error(UV_ECONNABORTED);\n"
     "    if (way.drained) return;\n    end(Verdict::kLost, step.error);"),
    ("relay/relay.cc", "ending_.trickled(loop_.now());", "{}"),
    ("relay/ending.cc", "if (!failed_ || failed_->reason == Verdict::kComplete)", "if (!failed_)"),
    ("relay/relay_ending.cc", "  ending_.failed(reason, e);\n  up_.ended = true;\n  look_.wake();",
     "  ending_.failed(reason, e);\n  up_.ended = true;"),
    ("relay/relay_ending.cc", "  ending_.failed(reason, e);\n  up_.ended = true;",
     "  if (reason != Verdict::kComplete) ending_.failed(reason, e);\n  up_.ended = true;"),
    ("relay/relay_ending.cc", "  ending_.failed(reason, e);\n  up_.ended = true;",
     "  ending_.failed(reason == Verdict::kStuck ? Verdict::kComplete : reason, e);\n"
     "  up_.ended = true;"),
    # transfer: every byte once
    ("relay/transfer.cc", "pending_.remove_prefix(*n);", "pending_.remove_prefix(piece.size());"),
    ("relay/transfer.cc", "if (!n || *n == 0) release();", "release();"),
    ("relay/transfer.cc", "if (crlf_) pending_ = crlf_->encode(pending_);", ""),
    ("relay/crlf.cc", "after_cr_ = c == '\\r';", "after_cr_ = false;"),
    # hub and seats
    ("hub.cc", "if (how.in_hand == nullptr) terms.until_input_ends = true;\n", "(void)how;\n"),
    ("hub.cc", "if (!verdict_) seats_.end_input();", ""),
    ("hub.cc", "taken = seats_.was_taken() ||", "taken = true ||"),
    ("hub.cc", "while (!seats_.is_taken() && !verdict_) {", "while (false) {"),
    ("hub.cc", "      if (!e) drop_stuck();\n", ""),
    ("hub.cc", "line.remove_prefix(piece.size());", "line.remove_prefix(line.size());"),
    ("channel/seat.cc", "if (!taking_ || at_ < piece_.size()) return;", "if (!taking_) return;"),
    ("channel/seat.cc", "if (n && *n == data.size()) seats_.pass_turn();", "if (n) seats_.pass_turn();"),
    ("channel/seat.cc", "if (!n && n.error() == Error(UV_EAGAIN)) seats_.blocked_.wake();", ""),
    ("channel/seat.cc", "  turn_->room_.wake();\n}", "}"),
]


def commands(build):
    """How netcat_sim is linked, and how each file of netcat is compiled."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "netcat_sim"],
                          check=True, capture_output=True, text=True).stdout.splitlines()
    return text[-1], text[:-1]


def build_mutant(build, source, text, scratch):
    link, compiles = commands(build)
    source_path = CORE / source
    compile_line = next(line for line in compiles if str(source_path) in line)
    mutant = scratch / "mutant.cc"
    mutant.write_text(text)
    line = re.sub(r"-MD -MT \S+ -MF \S+ -o \S+ -c \S+", f"-o {scratch}/mutant.o -c {mutant}", compile_line)
    line = line.replace("-O3", "-O1").replace("-O2", "-O1")
    subprocess.run(line, shell=True, cwd=build, check=True, capture_output=True)
    archive = "libnetcat_parts.a"
    line = re.sub(r"-o bin/netcat_sim", f"-o {scratch}/netcat_sim", link)
    line = line.replace(archive, f"{scratch}/mutant.o {archive}", 1)
    subprocess.run(line, shell=True, cwd=build, check=True, capture_output=True)
    return scratch / "netcat_sim"


def caught(program, seeds):
    """How the seeds find the fault, or nothing."""
    try:
        run = subprocess.run([str(program), "--seeds", str(seeds)], capture_output=True, text=True,
                             timeout=300)
    except subprocess.TimeoutExpired:
        return "it never ends"
    if run.returncode == 0:
        return None
    lines = (run.stdout + run.stderr).strip().splitlines()
    return lines[-1] if lines else f"status {run.returncode}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=100_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    build = options.build.resolve()
    survivors = tried = 0
    for source, before, after in MUTANTS:
        if options.only not in source + before:
            continue
        text = (CORE / source).read_text()
        if text.count(before) != 1:
            sys.exit(f"{source}: not there once: {before!r}")
        with tempfile.TemporaryDirectory() as scratch:
            program = build_mutant(build, source, text.replace(before, after),
                                   pathlib.Path(scratch))
            how = caught(program, options.seeds)
        tried += 1
        survivors += how is None
        name = before.strip().splitlines()[-1].strip()
        print(f"{'caught  ' if how else 'SURVIVES'} {source}: {name[:60]}: {how}", flush=True)
    print(f"{tried - survivors} of {tried} mutants caught")
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
