"""The SKU engine: a catalogue of Azure VM sizes, queries over it, derived min-SKU specs, retirement. Pure."""
