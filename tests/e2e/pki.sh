#!/bin/bash
# pki.sh DIRECTORY - certificates for the tests of TLS, each with its key in NAME.pem: two CAs, a
# server's that is right and others with one fault each, a client's.
set -eu -o pipefail
rm -rf "$1"
mkdir -p "$1"
cd "$1"

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

new_ca() {
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 7300 -out "$1.pem" \
    -addext basicConstraints=critical,CA:TRUE
}

# NAME CA COMMON-NAME FROM TO EXTENSION...
new() {
  local name=$1 ca=$2 common_name=$3 from=$4 to=$5
  shift 5
  printf '%s\n' "$@" > extensions
  : > index.txt
  new_key "$name"
  openssl req -new -key "$name.key" -subj "/CN=$common_name" -out request
  openssl ca -batch -notext -config ca.conf -cert "$ca.pem" -keyfile "$ca.key" \
    -startdate "$from" -enddate "$to" -extfile extensions -in request -out "$name.crt" 2> log ||
    { cat log >&2; exit 1; }
  cat "$name.crt" "$name.key" > "$name.pem"
}

cat > ca.conf << 'END'
[ca]
default_ca = one
[one]
database = index.txt
unique_subject = no
serial = serial
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
END

localhost=subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
now=20200101000000Z
later=20450101000000Z
new_ca ca "Test CA"
new_ca other_ca "Other CA"
new good ca localhost $now $later $localhost
new other_name ca localhost $now $later 'subjectAltName=DNS:other.test,DNS:*.example.test'
new no_name ca localhost $now $later keyUsage=digitalSignature
new expired ca localhost $now 20210101000000Z $localhost
new early ca localhost 20440101000000Z $later $localhost
new unknown other_ca localhost $now $later $localhost
new wildcard ca x $now $later 'subjectAltName=DNS:*.test,DNS:f*.b.test'
new purpose ca localhost $now $later $localhost extendedKeyUsage=clientAuth
new client ca alice $now $later extendedKeyUsage=clientAuth
new stranger other_ca mallory $now $later extendedKeyUsage=clientAuth
mkdir hashed
cp ca.pem hashed/
openssl rehash hashed
openssl x509 -in good.crt -noout -pubkey | openssl pkey -pubin -outform DER |
  openssl dgst -sha256 -binary | base64 > good.key_pin
openssl x509 -in client.crt -outform DER | sha256sum | cut -d ' ' -f 1 > client.sha256
openssl x509 -in good.crt -outform DER | sha256sum | cut -d ' ' -f 1 > good.sha256
