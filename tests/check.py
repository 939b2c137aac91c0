#!/usr/bin/env python3
"""Builds every preset, and runs all their tests in one ctest.

What fails to build does not keep the others from being tested.  The end of each failed test's
output comes behind the tests, then why others were skipped, then ctest's own summary.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

PRESETS = ("asan", "tsan", "release")
LINES = 60  # of a failed test's output
SUMMARY = re.compile(r"\d+% tests passed")


def build(preset, options):
    print(f"check: building {preset}", flush=True)
    configure = ["cmake", "--preset", preset, "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", *options]
    return (subprocess.run(configure, stdout=subprocess.DEVNULL).returncode == 0
            and subprocess.run(["cmake", "--build", "--preset", preset]).returncode == 0)


def run_ctest(top, jobs):
    """Returns its status and its summary, which is not printed yet."""
    command = ["ctest", "--test-dir", top, f"-j{jobs}", "--output-junit", "results.xml",
               "--test-output-size-passed", "10000", "--test-output-size-failed", "1000000"]
    summary = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            if summary or SUMMARY.match(line):
                summary.append(line)
            elif "   Passed " not in line and not line.lstrip().startswith("Start "):
                print(line, end="", flush=True)
    return ctest.returncode, summary


def show_results(file):
    skipped = {}
    for case in xml.parse(file).getroot().iter("testcase"):
        output = (case.findtext("system-out") or "").rstrip()
        if case.find("failure") is not None:
            lines = output.splitlines()
            print(f"\n==== {case.get('name')} failed; the last {LINES} lines that it printed:")
            print("\n".join(lines[-LINES:]))
        elif case.find("skipped") is not None:
            reason = next((line for line in reversed(output.splitlines())
                           if line.strip() and not line.startswith("[")), "no reason is given")
            skipped.setdefault(reason, []).append(case.get("name"))
    for reason, names in skipped.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        print(f"skipped: {', '.join(names[:3])}{more}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path, help="the build directory")
    parser.add_argument("--jobs", required=True, type=int, help="how many tests at once")
    options = parser.parse_args()
    root = options.build.resolve()
    built = []
    for preset in PRESETS:
        sanitized = [f"-DWIREUTILS_{name.upper()}_BUILD={root / name if name in built else ''}"
                     for name in ("asan", "tsan")]
        if build(preset, sanitized if preset == "release" else []):
            built.append(preset)
    top = root / "check"
    top.mkdir(exist_ok=True)
    (top / "CTestTestfile.cmake").write_text("".join(f'subdirs("{root / p}")\n' for p in built))
    print(f"check: testing {', '.join(built)}", flush=True)
    status, summary = run_ctest(top, options.jobs)
    show_results(top / "results.xml")
    # Why tests were skipped stands above.
    end = next((i for i, line in enumerate(summary) if "did not run" in line), len(summary))
    print("", *summary[:end], sep="\n" if not summary else "", end="")
    if status != 0:
        print(f"check: to run those again: ctest --test-dir {top} --rerun-failed "
              "--output-on-failure")
    for preset in PRESETS:
        if preset not in built:
            print(f"check: {preset} was not built; again: cmake --build --preset {preset}")
    return 1 if status != 0 or len(built) < len(PRESETS) else 0


if __name__ == "__main__":
    sys.exit(main())
