// The safetensors format: reader (single files and shards), writer, and tensors as they are stored in files.
#pragma once

#include <tl/io/safetensor_view.hpp>
#include <tl/io/safetensors_reader.hpp>
#include <tl/io/safetensors_writer.hpp>
