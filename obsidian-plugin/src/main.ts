import { Plugin } from "obsidian";

export default class SidecarPlugin extends Plugin {}
