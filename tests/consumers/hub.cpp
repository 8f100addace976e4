// A program that only links tl::hub has what downloads; one that does not is expected to have nothing of it.
#include <tl/hub/client.hpp>

int main() { return tl::hub::client() != nullptr ? 0 : 1; }
