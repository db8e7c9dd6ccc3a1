package org.dcmigrate.peer.guest.qemu;
final class QemuAdapter { static final String KIND = "qemu"; }
