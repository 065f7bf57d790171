"""Where `finloom` starts: no imports here, since every worker process that it spawns reads its first module again."""


def main() -> None:
    """Run the command line."""
    from finloom.main import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
