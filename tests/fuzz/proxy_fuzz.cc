// proxy_fuzz: any bytes as a proxy's answers. However they are cut, netcat must make the same of
// them, and an answer that opens the connection must end where it did.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "common/cli/exit_status.h"
#include "tools/netcat/proxy/dialogue.h"

namespace {

using netcat::Dialogue;
using State = Dialogue::State;

void must(bool holds, const char* what, std::string_view bytes) {
  if (holds) return;
  std::fprintf(stderr, "proxy_fuzz: %s, %zu bytes\n%.*s\n", what, bytes.size(),
               static_cast<int>(bytes.size()), bytes.data());
  std::abort();
}

struct Outcome {
  State state;
  std::string sent;
  std::size_t taken;
  int status;
  bool of_target, absent;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The first piece has `first` bytes, the others `step`.
Outcome talk(const netcat::Proxy& proxy, std::string_view bytes, std::size_t first,
             std::size_t step, bool ends) {
  const auto dialogue = netcat::make_dialogue(proxy, {"db.test", 5432});
  std::string sent = dialogue->output();
  std::size_t taken = 0;
  for (std::size_t size = first; taken < bytes.size() && dialogue->state() == State::kTalking;
       size = step) {
    const std::string piece(bytes.substr(taken, size));  // of its own, so that a view shows
    const std::size_t n = dialogue->take(piece);
    must(n == piece.size() || dialogue->state() != State::kTalking, "bytes are left over", bytes);
    taken += n;
    sent += dialogue->output();
  }
  if (ends) dialogue->end();
  const netcat::ProxyFailure& failure = dialogue->failure();
  must((dialogue->state() == State::kFailed) == static_cast<bool>(failure), "no reason", bytes);
  must(!failure || !failure.why.empty(), "no sentence", bytes);
  return {dialogue->state(), sent, taken, failure.status, failure.of_target, failure.absent};
}

}  // namespace

// The first byte chooses the protocol.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  netcat::Proxy proxy;
  proxy.type = static_cast<netcat::Proxy::Type>(data[0] % 4);
  if ((data[0] & 4) != 0) proxy.user = "me";
  const Outcome whole = talk(proxy, bytes, size, 1, true);
  must(talk(proxy, bytes, 1, 1, true) == whole, "byte by byte is different", bytes);
  const std::size_t cut = data[size - 1] * size / 256;
  must(talk(proxy, bytes, cut + 1, size, true) == whole, "in two pieces is different", bytes);
  must(whole.state != State::kTalking, "the end is not noticed", bytes);
  if (whole.state != State::kOpen) return 0;
  const Outcome alone = talk(proxy, bytes.substr(0, whole.taken), size, 1, false);
  must(alone == whole, "what is behind the answer counts", bytes);
  const Outcome early = talk(proxy, bytes.substr(0, whole.taken - 1), size, 1, false);
  must(early.state == State::kTalking, "the answer ends earlier", bytes);
  return 0;
}
