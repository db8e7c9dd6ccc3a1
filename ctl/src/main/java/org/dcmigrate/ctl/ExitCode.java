package org.dcmigrate.ctl;

/** How dcmctl ends. Scripts depend on these: they never change. */
public final class ExitCode {
  /** Done. */
  public static final int DONE = 0;

  /** A defect or a fault of this machine. */
  public static final int INTERNAL = 1;

  /** Wrong command line or configuration; nothing was asked of any peer. */
  public static final int USAGE = 2;

  /** The migration failed or was cancelled; the guest runs at the source. */
  public static final int MIGRATION_FAILED = 3;

  /** Nobody may run the guest until its ownership is settled. */
  public static final int IN_DOUBT = 4;

  /** The peer refused. */
  public static final int REFUSED = 5;

  /** The peer cannot be reached, or does not serve. */
  public static final int UNREACHABLE = 6;

  /** The wait timed out; the migration goes on. */
  public static final int WAIT_TIMED_OUT = 7;

  /** Interrupted: detached from the migration, which goes on. The JVM's own code after Ctrl-C. */
  public static final int DETACHED = 130;

  private ExitCode() {}
}
