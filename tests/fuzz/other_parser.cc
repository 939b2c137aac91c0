#include "other_parser.h"

#include <http_parser.h>

static OtherParser& self(http_parser* parser) { return *static_cast<OtherParser*>(parser->data); }

static http_parser_settings callbacks() {
  http_parser_settings s;
  http_parser_settings_init(&s);
  s.on_url = [](http_parser* parser, const char* at, std::size_t size) {
    self(parser).target.append(at, size);
    return 0;
  };
  s.on_headers_complete = [](http_parser* parser) {
    parser->upgrade = 0;
    return 0;
  };
  s.on_body = [](http_parser* parser, const char* at, std::size_t size) {
    self(parser).body.append(at, size);
    return 0;
  };
  s.on_message_complete = [](http_parser* parser) {
    self(parser).complete = true;
    self(parser).keep_alive = http_should_keep_alive(parser) != 0;
    return 0;
  };
  return s;
}

OtherParser::OtherParser(std::string_view bytes) {
  static const http_parser_settings kCallbacks = callbacks();
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = this;
  const std::size_t n = http_parser_execute(&parser, &kCallbacks, bytes.data(), bytes.size());
  taken = n == bytes.size() && parser.http_errno == HPE_OK;
  method = http_method_str(static_cast<http_method>(parser.method));
}
