package org.dcmigrate.ctl;

/** How dcmctl ends. Scripts depend on these: they never change. */
public enum ExitCode {
  DONE(0, "done"),
  INTERNAL(1, "a defect of dcmctl or a fault of this machine; memory that differs"),
  USAGE(2, "wrong command line or configuration; no peer was asked for anything"),
  MIGRATION_FAILED(3, "the migration failed or was cancelled; the guest is still at the source"),
  IN_DOUBT(4, "the ownership of the guest is in doubt; look at the explanation"),
  REFUSED(5, "the peer refused; nothing has changed"),
  UNREACHABLE(6, "the peer cannot be reached or does not serve"),
  WAIT_TIMED_OUT(7, "the wait timed out; the migration goes on"),
  DETACHED(130, "interrupted: detached from the migration, which goes on");

  private final int value;
  private final String meaning;

  ExitCode(int value, String meaning) {
    this.value = value;
    this.meaning = meaning;
  }

  /** What the process exits with. */
  public int value() {
    return value;
  }

  /** When it exits like this, for people. */
  public String meaning() {
    return meaning;
  }
}
