"""`python -m tui` is `humanoid-tui`."""

from tui.import_path import leave_working_folder_out

leave_working_folder_out()

from tui.cli import main  # noqa: E402 (only now it is this program's)

main()
