// safetensors: the Python library's own files read and written back byte for byte, shards, the sentence of every
// check, and files that were damaged at random.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <tl/core/mt19937.hpp>
#include <tl/io/safetensors.hpp>

#include "support/catch.hpp"
#include "support/growth.hpp"
#include "support/reference.hpp"

using namespace tl;
using tl::test::read_text;
using tl::test::reference_file;
using tl::test::TemporaryFolder;

namespace {

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
}

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string text(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * i)));
  return text + rest;
}

/// A file with this header and `data_bytes` zero bytes of data.
std::string file_with(const std::string& header, std::size_t data_bytes = 0) {
  return with_length(header.size(), header + std::string(data_bytes, '\0'));
}

std::vector<float> floats(const SafetensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.elements()));
  read_floats(tensor, values);
  return values;
}

}  // namespace

TEST_CASE("safetensors: every element type of the Python library's file is read") {
  const SafetensorsReader file(reference_file("tensors_mixed.safetensors"));
  CHECK(file.tensors().size() == 16);
  CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}});
  CHECK(file.at("b.weight").shape == Shape{2, 3});
  CHECK(floats(file.at("b.weight")) == std::vector<float>{-2.0f, -1.25f, -0.5f, 0.25f, 1.0f, 1.75f});
  CHECK(floats(file.at("half")) == std::vector<float>{-2.0f, -1.25f, -0.5f, 0.25f, 1.0f});
  CHECK(floats(file.at("brain")) == std::vector<float>{-2.0f, -1.25f, -0.5f});
  CHECK(floats(file.at("double")) == std::vector<float>{-2.0f, -1.25f});
  CHECK(floats(file.at("name \"quoted\" \\ \t é 中")) == std::vector<float>{-2.0f});
  CHECK(file.at("scalar").shape == Shape{});
  CHECK(floats(file.at("scalar")) == std::vector<float>{1.5f});
  CHECK(floats(file.at("nothing")).empty());
  CHECK(file.at("nothing").shape == Shape{0, 4});
  std::int64_t ids[3];
  REQUIRE(file.at("ids").data.size() == sizeof ids);
  std::memcpy(ids, file.at("ids").data.data(), sizeof ids);
  CHECK(ids[1] == -2);
  CHECK(to_dtype(file.at("ids").dtype) == DType::i64);
  CHECK(file.at("flag").dtype == StoredDType::boolean);
  CHECK(to_string(file.at("e4m3").dtype) == "F8_E4M3");
  CHECK_FALSE(to_dtype(file.at("e5m2").dtype).has_value());
  CHECK(file.find("none") == nullptr);
}

TEST_CASE("safetensors: what is written equals the Python library's file byte for byte") {
  const TemporaryFolder folder;
  for (const char* name : {"tensors_mixed.safetensors", "tensors_plain.safetensors"}) {
    const SafetensorsReader file(reference_file(name));
    auto tensors = file.tensors();
    std::reverse(tensors.begin(), tensors.end());
    SafetensorsMetadata metadata(file.metadata().begin(), file.metadata().end());
    write_safetensors(folder / name, tensors, metadata);
    CHECK(read_text(folder / name) == read_text(reference_file(name)));
  }
  write_safetensors(folder / "none", {});
  CHECK(read_text(folder / "none") == with_length(32, R"({"__metadata__":{"format":"pt"}})"));
  CHECK(SafetensorsReader(folder / "none").tensors().empty());
}

TEST_CASE("safetensors: values of the library's own types survive") {
  const TemporaryFolder folder;
  std::vector<float> weights(100000);
  Mt19937 random(1);
  normal_(weights, 0.0, 1.0, random);
  std::vector<half> halves(weights.begin(), weights.end());
  std::vector<bfloat16> brains(weights.begin(), weights.end());
  const std::vector<SafetensorView> tensors = {safetensor_view<float>("w", {100, 1000}, weights),
                                               safetensor_view<half>("h", {100000}, halves),
                                               safetensor_view<bfloat16>("b", {100000}, brains)};
  write_safetensors(folder / "x", tensors);
  const SafetensorsReader file(folder / "x");
  CHECK(floats(file.at("w")) == weights);
  CHECK(floats(file.at("h")) == std::vector<float>(halves.begin(), halves.end()));
  CHECK(floats(file.at("b")) == std::vector<float>(brains.begin(), brains.end()));
}

TEST_CASE("safetensors: data that is not aligned is read all the same") {
  const TemporaryFolder folder;
  const float value = 3.25f;
  std::string data(4, '\0');
  std::memcpy(data.data(), &value, 4);
  const std::string header = R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )";
  REQUIRE((8 + header.size()) % 4 != 0);
  put(folder / "x", with_length(header.size(), header + data));
  CHECK(floats(SafetensorsReader(folder / "x").at("x")) == std::vector<float>{3.25f});
}

TEST_CASE("safetensors: an unknown type matters only when it is needed") {
  const TemporaryFolder folder;
  put(folder / "x",
      file_with(
          R"({"new":{"dtype":"F3","shape":[3],"data_offsets":[0,2]},"w":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
          6));
  const SafetensorsReader file(folder / "x");
  CHECK(floats(file.at("w")) == std::vector<float>{0.0f});
  TL_REQUIRE_ERROR(floats(file.at("new")), "tensor new: expected F64, F32, F16 or BF16, got (unknown)");
}

TEST_CASE("safetensors: shards are read as one, through the index or the folder") {
  for (const char* name : {"sharded/model.safetensors.index.json", "sharded"}) {
    const SafetensorsReader file(reference_file(name));
    CHECK(file.tensors().size() == 3);
    CHECK(floats(file.at("layer.0.weight")) == std::vector<float>{-2.0f, -1.25f, -0.5f, 0.25f});
    CHECK(floats(file.at("layer.1.weight")) == std::vector<float>{-2.0f, -1.25f});
    CHECK(file.metadata().at("format") == "pt");
    CHECK(file.path().filename() == "model.safetensors.index.json");
  }
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(SafetensorsReader(folder.path()),
                   folder.path().string() + ": expected model.safetensors or model.safetensors.index.json");
  std::filesystem::copy(reference_file("sharded"), folder / "m");
  std::filesystem::copy(reference_file("tensors_plain.safetensors"), folder / "m/model.safetensors");
  CHECK(SafetensorsReader(folder / "m").at("w").shape == Shape{2});
}

TEST_CASE("safetensors: what can be wrong with an index") {
  const TemporaryFolder folder;
  std::filesystem::copy(reference_file("sharded"), folder / "m");
  const auto index = folder / "m/model.safetensors.index.json";
  const auto refused = [&](const std::string& text) {
    put(index, text);
    return test::error_of([&] { SafetensorsReader{folder / "m"}; });
  };
  const auto has = [](const std::string& sentence, const std::string& part) {
    INFO(sentence);
    CHECK(sentence.find(part) != std::string::npos);
  };
  const std::string shard = "model-00001-of-00002.safetensors";
  has(refused("[]"), index.string() + ": expected an object \"weight_map\" from tensor names to file names");
  has(refused(R"({"weight_map": 3})"), "expected an object \"weight_map\"");
  has(refused(R"({"weight_map": {"a": 3}})"), "weight_map, a: expected a file name, got number");
  has(refused(R"({"weight_map": {"a": "../other"}})"),
      "weight_map, a: expected the path of a file beside the index, got ../other");
  has(refused(R"({"weight_map": {"a": ""}})"), "weight_map, a: expected the path of a file beside the index, got ");
  has(refused(R"({"weight_map": {"layer.1.bias": "lost.safetensors"}})"),
      ": expected the shard " + (folder / "m/lost.safetensors").string() +
          " for tensor layer.1.bias, the file does not exist");
  has(refused(R"({"weight_map": {"a": "/tmp/x"}})"), "expected the path of a file beside the index, got /tmp/x");
  has(refused(R"({"weight_map": {}})"), index.string() + ": expected \"weight_map\" to name a shard, it is empty");
}

TEST_CASE("safetensors: the shards say which tensors there are, the index only which of two counts") {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const std::vector<std::pair<std::string, float>>& values) {
    std::vector<SafetensorView> tensors;
    for (const auto& [key, value] : values) tensors.push_back(safetensor_view<float>(key, {1}, std::span(&value, 1)));
    write_safetensors(folder / name, tensors);
  };
  std::filesystem::create_directory(folder / "sub");
  write("one", {{"a", 1}, {"b", 2}});
  write("sub/two", {{"b", 3}, {"c", 4}});
  const auto read = [&](const std::string& weight_map) {
    put(folder / "model.safetensors.index.json", "{\"weight_map\": " + weight_map + "}");
    const SafetensorsReader file(folder.path());
    std::string text;
    for (const char* name : {"a", "b", "c", "d"})
      if (const SafetensorView* tensor = file.find(name)) text += str_cat(name, '=', floats(*tensor).front(), ' ');
    CHECK(file.find("") == nullptr);
    CHECK(file.find("z") == nullptr);
    return text;
  };
  CHECK(read(R"({"a": "one", "b": "one", "c": "./sub/two"})") == "a=1 b=2 c=4 ");
  CHECK(read(R"({"a": "one", "b": "./sub/two", "c": "sub/two"})") == "a=1 b=3 c=4 ");
  CHECK(read(R"({"a": "one", "c": "sub/two"})") == "a=1 b=3 c=4 ");              // the last shard
  CHECK(read(R"({"a": "sub/two", "c": "one", "d": "one"})") == "a=1 b=3 c=4 ");  // stale names and places
  CHECK(read(R"({"b": "sub/two", "b": "one"})") == "a=1 b=2 ");
}

TEST_CASE("safetensors: null is no metadata, and the last of repeated keys counts") {
  const TemporaryFolder folder;
  const std::string tensor = R"("dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const auto read = [&](const std::string& header) {
    put(folder / "x", file_with(header, 4));
    return SafetensorsReader(folder / "x");
  };
  CHECK(read(R"({"__metadata__":null,"a":{)" + tensor + "}").metadata().empty());
  CHECK(read(R"({"a":{)" + tensor + R"(,"__metadata__":null})").tensors().size() == 1);
  CHECK(read(R"({"__metadata__":{"k":"1","k":"2"},"a":{)" + tensor + "}").metadata().at("k") == "2");
  const auto repeated = read(R"({"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"a":{)" + tensor + "}");
  REQUIRE(repeated.tensors().size() == 1);
  CHECK(repeated.at("a").dtype == StoredDType::f32);
}

TEST_CASE("safetensors: a file that is cut off while it is read is an error and no signal") {
  const TemporaryFolder folder;
  const std::vector<float> values(1 << 20, 1.0F);
  for (const auto& tensor :
       {safetensor_view<float>("w", {1 << 20}, values),
        safetensor_view<bfloat16>("w", {2 << 20},
                                  std::span(reinterpret_cast<const bfloat16*>(values.data()), 2 << 20))}) {
    write_safetensors(folder / "x", std::span(&tensor, 1));
    const SafetensorsReader file(folder / "x");
    std::filesystem::resize_file(folder / "x", 1 << 20);
    TL_REQUIRE_ERROR(floats(file.at("w")), "cannot read " + (folder / "x").string() + ": expected ");
    TL_REQUIRE_ERROR(floats(file.at("w")),
                     " bytes, as many as it had when it was opened, got a file that ends at byte 1048576");
    std::vector<std::byte> bytes(file.at("w").data.size());
    TL_REQUIRE_ERROR(read_bytes(file.at("w"), bytes), "got a file that ends at byte 1048576");
    bytes.resize(bytes.size() + 1);
    TL_REQUIRE_ERROR(read_bytes(file.at("w"), bytes), "tensor w: expected at least 4194305 bytes, got 4194304");
  }
}

TEST_CASE("safetensors: time and memory grow with the header") {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, int tensors) {
    std::string header = "{";
    for (int i = 0; i < tensors; ++i)
      header += "\"tensor" + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
    header.back() = '}';
    put(folder / name, file_with(header, 0));
    return [path = folder / name] { CHECK(SafetensorsReader(path).find("tensor0") != nullptr); };
  };
  CHECK(test::growth(write("a", 5000), write("b", 10000)) < 2.5);
  std::string shape = R"({"a":{"dtype":"F32","shape":[0)";
  for (int i = 0; i < 1'000'000; ++i) shape += ",0";
  put(folder / "c", file_with(shape + R"(],"data_offsets":[0,0]}})", 0));
  TL_REQUIRE_ERROR(SafetensorsReader(folder / "c"), ": expected at most 1000000 values under one key, got more");
}

TEST_CASE("safetensors: each check of a file has its sentence") {
  const TemporaryFolder folder;
  const auto path = folder / "x.safetensors";
  const auto entry = [](const std::string& body) { return R"({"a":{)" + body + "}}"; };
  const auto f32 = [&](const std::string& shape, const std::string& offsets) {
    return entry(R"("dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets);
  };
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", ": expected a safetensors file of at least 8 bytes, got 0 bytes"},
      {"1234567", "got 7 bytes"},
      {with_length(100'000'001, ""),
       ", byte 0: expected a header of at most 100000000 bytes, got a length of 100000001"},
      {with_length(std::uint64_t{1} << 63, "{}"), "got a length of 9223372036854775808 (is this a safetensors file?)"},
      {with_length(~std::uint64_t{0}, "{}"), "got a length of 18446744073709551615"},
      {with_length(3, "{}"), ": expected a header of 3 bytes after byte 8, got a file of 10 bytes (truncated?)"},
      {file_with(""), ", byte 8: expected '[', '{', or a literal, got end of input"},
      {file_with("{\"\xff\":1}"), ", byte 10: expected string literal, got invalid string: ill-formed UTF-8 byte"},
      {file_with("{} x"), ", byte 11: expected end of input, got invalid literal"},
      {file_with("[]"), ", byte 8: expected a JSON object as header, got array"},
      {file_with(R"({"__metadata__":1})"), ", __metadata__: expected an object, got number"},
      {file_with(R"({"__metadata__":{"a":1}})"), ", __metadata__, key a: expected a string, got number"},
      {file_with(R"({"a":[]})"), ", tensor a: expected an object, got array"},
      {file_with(entry(R"("shape":[],"data_offsets":[0,0])")), ", tensor a: expected the key dtype, it is missing"},
      {file_with(entry(R"("dtype":"F32","data_offsets":[0,0])")), "expected the key shape, it is missing"},
      {file_with(entry(R"("dtype":"F32","shape":[])")), "expected the key data_offsets, it is missing"},
      {file_with(entry(R"("dtype":3,"shape":[],"data_offsets":[0,0])")), ", dtype: expected a string, got number"},
      {file_with(f32("3", "[0,0]")), ", shape: expected an array, got number"},
      {file_with(f32("[]", "[0]")), ", data_offsets: expected an array of two integers, got [0]"},
      {file_with(f32("[]", "[0,-4]")), ", data_offsets: expected integers >= 0, got -4"},
      {file_with(f32("[]", "[0,4.0]")), ", data_offsets: expected integers >= 0, got 4.0"},
      {file_with(f32("[]", "[0,18446744073709551615]")),
       ", data_offsets: expected integers up to 2^62, got 18446744073709551615"},
      {file_with(f32("[]", "[4,0]")), ", data_offsets: expected begin <= end, got 4 and 0"},
      {file_with(f32("[1,1,1,1,1,1,1]", "[0,4]")), ", shape: expected at most 6 extents, got 7"},
      {file_with(f32("[-1]", "[0,4]")), ", shape: expected integers >= 0, got -1"},
      {file_with(f32("[4294967296,4294967296]", "[0,4]")),
       ", shape: expected at most 2^62 elements, got [4294967296, 4294967296]"},
      {file_with(f32("[2305843009213693952]", "[0,4]")),
       ", shape: expected at most 2^62 bits, got 2305843009213693952 elements of F32"},
      {file_with(entry(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2),
       ", shape: expected whole bytes, got 3 elements of 4 bits"},
      {file_with(f32("[2]", "[0,4]"), 4), ", data_offsets: expected 8 bytes for F32[2], got 4"},
      {file_with(two("[1,5]", "[5,9]"), 9),
       ", tensor a: expected its data to start at byte 113 where the previous tensor ends, got byte 114 (gap)"},
      {file_with(two("[0,4]", "[5,9]"), 9),
       ", tensor b: expected its data to start at byte 117 where the previous tensor ends, got byte 118 (gap)"},
      {file_with(two("[0,4]", "[3,7]"), 7), "got byte 116 (overlap)"},
      {file_with(two("[0,4]", "[4,8]"), 7),
       ", tensor b: expected its data to end by byte 120, the end of the file, got byte 121"},
      {file_with(two("[0,4]", "[4,8]"), 9),
       ": expected the file to end at byte 121 after the last tensor, got 1 bytes more"},
  };
  for (const auto& [bytes, part] : cases) {
    put(path, bytes);
    const auto sentence = test::error_of([&] { SafetensorsReader{path}; });
    INFO(sentence << "\nexpected: " << part);
    CHECK(sentence.find(part) != std::string::npos);
    CHECK(sentence.find(path.string()) == 0);
  }
  put(path, file_with(two("[4,8]", "[0,4]") + "   ", 8));
  CHECK(SafetensorsReader(path).tensors().front().name == "b");
  TL_REQUIRE_ERROR(SafetensorsReader(path).at("c"), path.string() + ": expected a tensor c, got 2 tensors without it");
  TL_REQUIRE_ERROR(SafetensorsReader(folder / "none"), "cannot open " + (folder / "none").string());
}

TEST_CASE("safetensors: errors of copying out and of writing") {
  const TemporaryFolder folder;
  const auto path = folder / "x";
  const std::vector<float> values(3);
  std::vector<float> out(2);
  TL_REQUIRE_ERROR(safetensor_view<float>("a", {2}, values), "tensor a: expected 2 values for shape [2], got 3");
  const auto good = safetensor_view<float>("a", {3}, values);
  TL_REQUIRE_ERROR(read_floats(good, out), "tensor a: expected 2 elements, got 3 in shape [3]");
  auto bad = good;
  bad.data = bad.data.first(8);
  std::vector<float> three(3);
  TL_REQUIRE_ERROR(read_floats(bad, three), "tensor a: expected 12 bytes of F32, got 8");
  TL_REQUIRE_ERROR(write_safetensors(path, std::vector{bad}), "tensor a: expected 96 bits for F32[3], got 8 bytes");
  TL_REQUIRE_ERROR(write_safetensors(path, std::vector{good, good}), ": expected every tensor name once, got a twice");
  auto other = good;
  other.name = "__metadata__";
  TL_REQUIRE_ERROR(write_safetensors(path, std::vector{other}), ": expected tensor names other than __metadata__");
  other.name = "a\xff";
  TL_REQUIRE_ERROR(write_safetensors(path, std::vector{other}), "expected UTF-8, got byte 255");
  other.name = "b";
  other.dtype = StoredDType::unknown;
  TL_REQUIRE_ERROR(write_safetensors(path, std::vector{other}),
                   "tensor b: expected a known element type, got (unknown)");
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("safetensors: damaged files are refused or read, never worse") {
  const TemporaryFolder folder;
  const std::string whole = read_text(reference_file("tensors_mixed.safetensors"));
  const std::size_t header_end = whole.rfind("}}") + 2;
  Mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    if (round % 4 == 0) {
      text.resize(random.next_u32() % text.size());
    } else {
      for (std::uint32_t edits = 1 + random.next_u32() % 3; edits > 0; --edits) {
        const std::size_t at = random.next_u32() % header_end;
        if (random.next_u32() % 2 == 0) text[at] = "0123456789[]{},:\"-e"[random.next_u32() % 19];
        else text[at] = static_cast<char>(random.next_u32());
      }
    }
    const auto path = folder / std::to_string(round);
    put(path, text);
    try {
      const SafetensorsReader file(path);
      unsigned sum = 0;
      for (const auto& tensor : file.tensors())
        for (const std::byte b : tensor.data) sum += static_cast<unsigned>(b);
      CHECK(sum < 255 * text.size());
    } catch (const Error& error) {
      ++refused;
      CHECK(error.code() == ErrorCode::format);
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("safetensors: the reference collection's tiny model is written back byte for byte") {
  const auto path = test::shared_file("models/tiny-random-distilbert/model.safetensors");
  if (!path) TL_SKIP("the shared reference collection is not at hand");
  const SafetensorsReader file(*path);
  CHECK(file.at("embeddings.word_embeddings.weight").shape.rank() == 2);
  const TemporaryFolder folder;
  write_safetensors(folder / "x", file.tensors(), SafetensorsMetadata(file.metadata().begin(), file.metadata().end()));
  CHECK(read_text(folder / "x") == read_text(*path));
}
