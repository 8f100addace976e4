// A program that only links tl::compression reads compressed files; one that does not is expected to have nothing of
// it.
#include <tl/data/compression.hpp>

int main() { return tl::decompressor("gzip") != nullptr && tl::decompressor("zstd") != nullptr ? 0 : 1; }
