import os
def test_x():
    print({k:v for k,v in os.environ.items() if k.startswith("MOLECULE")})
