// Fuzzer of the safetensors reader. A first byte that is even: the rest is the file. Odd: the header, 0xFF, the data,
// with the length that fits, so that the input reaches what comes after that check. What was read is written and read
// again as the same tensors.
#include <algorithm>
#include <cmath>
#include <vector>

#include <tl/io/safetensors.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

namespace {

std::string with_length(std::string_view header, std::string_view data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return file.append(header).append(data);
}

void read_all(const SafetensorsReader& reader) {
  for (const SafetensorView& tensor : reader.tensors()) {
    require(reader.find(tensor.name) == &tensor, "a tensor is not found by its name");
    unsigned sum = 0;
    for (const std::byte byte : tensor.data) sum += static_cast<unsigned>(byte);  // every byte can be read
    require(sum <= 255 * tensor.data.size(), "the sum of bytes");
    if (tensor.shape.elements() > 4096) continue;
    std::vector<float> values(static_cast<std::size_t>(tensor.shape.elements()));
    guarded([&] { read_floats(tensor, values); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const bool raw = input.byte() % 2 == 0;
  const std::string_view header = raw ? input.rest() : input.part();
  const auto path = folder().write("model.safetensors", raw ? std::string(header) : with_length(header, input.rest()));
  guarded([&] {
    const SafetensorsReader reader(path);
    read_all(reader);
    const std::filesystem::path copy = folder().path() / "copy.safetensors";
    const SafetensorsMetadata metadata(reader.metadata().begin(), reader.metadata().end());
    if (!guarded([&] { write_safetensors(copy, reader.tensors(), metadata); })) return;
    const SafetensorsReader again(copy);
    require(again.metadata() == reader.metadata(), "metadata changes when it is written");
    require(again.tensors().size() == reader.tensors().size(), "tensors are lost when they are written");
    for (const SafetensorView& tensor : again.tensors()) {
      const SafetensorView& before = reader.at(tensor.name);
      require(before.dtype == tensor.dtype && before.shape == tensor.shape &&
                  std::equal(before.data.begin(), before.data.end(), tensor.data.begin(), tensor.data.end()),
              "a tensor changes when it is written");
    }
  });
  return 0;
}
