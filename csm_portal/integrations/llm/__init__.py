"""Writers of prose: any model that LiteLLM reaches, or fixed sentences (SPEC 5.5, ARCHITECTURE: ports)."""
