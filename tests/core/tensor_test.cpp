#include <tl/core/tensor.hpp>

#include <cstdlib>
#include <cstring>
#include <limits>

#include "support/catch.hpp"

using tl::Shape;
using tl::Tensor;

namespace {

Tensor<float> counted(const Shape& shape) {
  auto tensor = Tensor<float>::empty(shape);
  for (std::int64_t i = 0; i < tensor.elements(); ++i) tensor.data()[i] = static_cast<float>(i);
  return tensor;
}

}  // namespace

TEST_CASE("ways to make a tensor") {
  CHECK(Tensor<float>::zeros({2, 3}).to_vector() == std::vector<float>(6, 0.0f));
  CHECK(Tensor<std::int64_t>::full({3}, 7).to_vector() == std::vector<std::int64_t>{7, 7, 7});
  const auto from = Tensor<double>::from({1, 2, 3, 4}, {2, 2});
  CHECK(from.at({1, 0}) == 3.0);
  CHECK(from.size(-1) == 2);
  CHECK(from.rank() == 2);
  CHECK(Tensor<float>::empty({0, 4}).elements() == 0);
  CHECK(Tensor<float>::full(Shape{}, 2.5f).item() == 2.5f);
  TL_REQUIRE_ERROR(Tensor<float>::from({1.0f, 2.0f}, {3}), "a tensor of shape [3] needs 3 values, got 2");
}

TEST_CASE("an undefined tensor has no memory and says so") {
  const Tensor<float> none;
  CHECK_FALSE(none.defined());
  CHECK(none.elements() == 0);
  CHECK(none.span().empty());
  CHECK(none.to_vector().empty());
  CHECK(tl::to_string(none) == "f32[undefined]");
  CHECK_FALSE(none.to(tl::cpu_device).defined());
  CHECK_FALSE(none.clone().defined());
  CHECK_FALSE(none.cast<double>().defined());
  TL_REQUIRE_ERROR(none.item(), "item() needs a tensor with one element, got f32[undefined]");
  TL_REQUIRE_ERROR(none.rows(0, 0), "rows [0, 0) of f32[undefined]");
  TL_REQUIRE_ERROR(none[0], "index 0 of f32[undefined]");
  TL_REQUIRE_ERROR(none.at({}), "at() with 0 indices on f32[undefined]");
  TL_REQUIRE_ERROR(none.reshape({1}), "cannot view f32[undefined] as [1]");
  auto scalar = Tensor<float>::zeros(Shape{});
  TL_REQUIRE_ERROR(scalar.copy_from(none), "copy: expected shape [], got f32[undefined]");
  Tensor<float> target;
  TL_REQUIRE_ERROR(target.copy_from(scalar), "copy into f32[undefined]");
}

TEST_CASE("copies share memory, clones do not") {
  auto tensor = counted({2, 3});
  auto handle = tensor;
  auto clone = tensor.clone();
  handle.at({0, 1}) = 50.0f;
  CHECK(tensor.at({0, 1}) == 50.0f);
  CHECK(clone.at({0, 1}) == 1.0f);
  CHECK(clone.data() != tensor.data());
  CHECK(tensor.to(tl::cpu_device).data() == tensor.data());
}

TEST_CASE("views are the same memory") {
  auto tensor = counted({4, 3});
  SECTION("rows") {
    auto rows = tensor.rows(1, 3);
    CHECK(rows.shape() == Shape{2, 3});
    CHECK(rows.to_vector() == std::vector<float>{3, 4, 5, 6, 7, 8});
    rows.fill(-1.0f);
    CHECK(tensor.at({1, 0}) == -1.0f);
    CHECK(tensor.at({3, 0}) == 9.0f);
    CHECK(tensor.rows(4, 4).elements() == 0);
  }
  SECTION("one entry") {
    auto row = tensor[2];
    CHECK(row.shape() == Shape{3});
    row.at({1}) = 70.0f;
    CHECK(tensor.at({2, 1}) == 70.0f);
    CHECK(row[1].item() == 70.0f);
    CHECK(row[1].rank() == 0);
  }
  SECTION("reshape") {
    auto flat = tensor.reshape({12});
    flat.at({11}) = 110.0f;
    CHECK(tensor.at({3, 2}) == 110.0f);
    CHECK(tensor.reshape({2, -1}).shape() == Shape{2, 6});
    CHECK(tensor.reshape({-1}).shape() == Shape{12});
  }
  SECTION("a view outlives the tensor it came from") {
    auto view = tensor.view(5, {2, 2});
    tensor = {};
    CHECK(view.to_vector() == std::vector<float>{5, 6, 7, 8});
  }
}

TEST_CASE("views that do not fit are refused") {
  const auto tensor = counted({4, 3});
  TL_REQUIRE_ERROR(tensor.rows(2, 5), "rows [2, 5) of f32[4, 3]@cpu");
  TL_REQUIRE_ERROR(tensor.rows(3, 2), "rows [3, 2) of");
  TL_REQUIRE_ERROR(tensor.rows(-1, 2), "rows [-1, 2) of");
  TL_REQUIRE_ERROR(tensor[4], "index 4 of f32[4, 3]@cpu");
  TL_REQUIRE_ERROR(tensor[-1], "index -1 of");
  TL_REQUIRE_ERROR(tensor.reshape({5, -1}), "cannot view f32[4, 3]@cpu as [5, 2]");
  TL_REQUIRE_ERROR(tensor.reshape({7}), "cannot view f32[4, 3]@cpu as [7]");
  TL_REQUIRE_ERROR(tensor.reshape({-1, -1}), "an extent must not be negative, got -1");
  TL_REQUIRE_ERROR(tensor.view(9, {4}), "a view of shape [4] at element 9 does not fit into f32[4, 3]@cpu");
  TL_REQUIRE_ERROR(tensor.view(-1, {1}), "at element -1 does not fit");
  TL_REQUIRE_ERROR(tensor.view(std::numeric_limits<std::int64_t>::max(), {1}), "does not fit into f32[4, 3]@cpu");
}

TEST_CASE("elements are reached by one index per dimension") {
  const auto tensor = counted({2, 3});
  CHECK(tensor.at({1, 2}) == 5.0f);
  TL_REQUIRE_ERROR(tensor.at({1}), "at() with 1 indices on f32[2, 3]@cpu");
  TL_REQUIRE_ERROR(tensor.at({1, 3}), "index 3 in dimension 1 of f32[2, 3]@cpu");
  TL_REQUIRE_ERROR(tensor.at({-1, 0}), "index -1 in dimension 0 of");
  TL_REQUIRE_ERROR(tensor.item(), "item() needs a tensor with one element, got f32[2, 3]@cpu");
}

TEST_CASE("copy_from overwrites in place and wants equal shapes") {
  auto tensor = counted({2, 2});
  tensor.rows(0, 1).copy_from(tensor.rows(1, 2));
  CHECK(tensor.to_vector() == std::vector<float>{2, 3, 2, 3});
  TL_REQUIRE_ERROR(tensor.copy_from(counted({4})), "copy: expected shape [2, 2], got f32[4]@cpu");
}

TEST_CASE("cast converts element by element") {
  const auto tensor = Tensor<float>::from({1.0f, -2.75f, 65520.0f}, {3});
  CHECK(tensor.cast<std::int32_t>().to_vector() == std::vector<std::int32_t>{1, -2, 65520});
  CHECK(tensor.cast<tl::bfloat16>().cast<float>().at({1}) == -2.75f);
  CHECK(std::isinf(static_cast<float>(tensor.cast<tl::half>().at({2}))));
  CHECK(tensor.cast<double>().dtype() == tl::DType::f64);
}

TEST_CASE("a tensor describes itself") {
  CHECK(tl::to_string(Tensor<tl::bfloat16>::zeros({8, 128, 768})) == "bf16[8, 128, 768]@cpu");
  CHECK(tl::to_string(Tensor<std::uint8_t>::zeros(Shape{})) == "u8[]@cpu");
}

TEST_CASE("more bytes than an address can hold are refused, not wrapped around") {
  TL_REQUIRE_ERROR(Tensor<double>::empty({std::int64_t{1} << 61}), "a tensor of shape [2305843009213693952]");
}

namespace {

/// Memory of the host that stands for that of a GPU, which stores results of products in bf16 and f16.
class FormatDevice {
 public:
  FormatDevice() : former_(tl::cuda_backend) {
    tl::cuda_backend = {};
    tl::cuda_backend.unavailable_reason = [] { return std::string(); };
    tl::cuda_backend.allocate = [](std::size_t bytes) { return std::malloc(bytes); };
    tl::cuda_backend.release = [](void* memory) noexcept { std::free(memory); };
    tl::cuda_backend.fill_zero = [](void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); };
    tl::cuda_backend.copy = [](void* to, const void* from, std::size_t bytes, tl::CopyKind) {
      std::memcpy(to, from, bytes);
    };
    tl::cuda_backend.multiplies_in = [](tl::Precision) { return true; };
    tl::cuda_backend.stores_low_precision = true;
  }
  ~FormatDevice() { tl::cuda_backend = former_; }

 private:
  tl::DeviceBackend former_;
};

}  // namespace

TEST_CASE("a tensor on a GPU may be stored in bf16 or f16; it is converted on its way to the CPU") {
  const FormatDevice device;
  const std::vector<float> values{1.0F, -2.5F, 1.0F / 3.0F, 1e-8F, 70000.0F, 0.0F};
  const auto host = Tensor<float>::from(values, {3, 2});
  auto low = Tensor<float>::empty({3, 2}, tl::cuda_device, tl::DType::bf16);
  low.copy_from(host);
  CHECK(low.format() == tl::DType::bf16);
  CHECK(tl::to_string(low) == "bf16[3, 2]@cuda:0");
  CHECK(low.stored().bf16() != nullptr);
  CHECK(low.stored().own() == nullptr);
  CHECK(low.stored().f16() == nullptr);
  const Tensor<float> back = low.to(tl::cpu_device);
  CHECK(back.format() == tl::DType::f32);
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(back.data()[i] == float(tl::bfloat16(values[i])));
  CHECK(low[1].to_vector() == std::vector<float>{back.data()[2], back.data()[3]});
  CHECK(low.rows(1, 3).reshape({4}).to_vector() == std::vector<float>(back.data() + 2, back.data() + 6));
  CHECK(low.view(1, tl::Shape{}).item() == -2.5F);
  CHECK(low.to(tl::cuda_device).format() == tl::DType::bf16);
  const auto copy = low.clone();
  low.fill(0.0F);
  CHECK(copy.format() == tl::DType::bf16);
  CHECK(copy.to_vector() == back.to_vector());
  CHECK(low.to_vector() == std::vector<float>(6, 0.0F));

  auto half = Tensor<double>::empty({6}, tl::cuda_device, tl::DType::f16);
  half.copy_from(host.cast<double>().reshape({6}));
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(half.to_vector()[i] == double{float(tl::half(values[i]))});
  auto own = Tensor<float>::empty({3, 2}, tl::cuda_device);
  own.copy_from(copy);
  CHECK(own.to_vector() == back.to_vector());
}

TEST_CASE("what takes a tensor's own format says which one came") {
  const FormatDevice device;
  auto low = Tensor<float>::empty({3, 2}, tl::cuda_device, tl::DType::bf16);
  const std::string sentence =
      "data(): expected a tensor that is stored in f32, got bf16[3, 2]@cuda:0; kernels take stored(), and "
      "to(tl::cpu_device) converts it";
  TL_REQUIRE_ERROR(low.data(), sentence);
  TL_REQUIRE_ERROR(std::as_const(low).data(), sentence);
  TL_REQUIRE_ERROR(low.data_or_null(), sentence);
  TL_REQUIRE_ERROR(low.unwatched_data(), sentence);
  TL_REQUIRE_ERROR(Tensor<float>::empty({2}, tl::cpu_device, tl::DType::bf16),
                   "a tensor of f32 on cpu: expected to store it in f32, got bf16");
  TL_REQUIRE_ERROR(Tensor<float>::empty({2}, tl::cuda_device, tl::DType::i32),
                   "a tensor of f32 on cuda:0: expected to store it in f32, bf16 or f16, got i32");
  TL_REQUIRE_ERROR(Tensor<std::int32_t>::empty({2}, tl::cuda_device, tl::DType::bf16),
                   "a tensor of i32 on cuda:0: expected to store it in i32, got bf16");
}

TEST_CASE("a device stores results in the format of the precision, the CPU in the type's own") {
  using enum tl::Precision;
  CHECK(tl::result_format<float>(tl::cpu_device, bf16) == tl::DType::f32);
  CHECK(tl::result_format<double>(tl::cpu_device, f32) == tl::DType::f64);
  TL_REQUIRE_ERROR(tl::result_format<float>(tl::cpu_device, f16),
                   "f16: expected f32 or bf16 on cpu, which does not multiply in half, got f16");
  const auto refused = [](tl::Precision precision) {
    return tl::test::error_of([=] { (void)tl::result_format<float>(tl::cuda_device, precision); });
  };
  const FormatDevice device;
  CHECK(tl::result_format<float>(tl::cuda_device, f32) == tl::DType::f32);
  CHECK(tl::result_format<float>(tl::cuda_device, bf16) == tl::DType::bf16);
  CHECK(tl::result_format<double>(tl::cuda_device, f16) == tl::DType::f16);
  tl::cuda_backend.stores_low_precision = false;
  CHECK(tl::result_format<float>(tl::cuda_device, bf16) == tl::DType::f32);
  tl::cuda_backend.multiplies_in = nullptr;
  CHECK(refused(bf16) ==
        "bf16: expected f32 on cuda:0, which does not multiply in bfloat16, got bf16; train there with bf16 "
        "= false, or on the CPU");
  CHECK(refused(f16) ==
        "f16: expected f32 on cuda:0, which does not multiply in half, got f16; train there with fp16 = "
        "false, or on the CPU");
}
