/** A picture of a part's figures. */
export interface Plot {
  /** of its file, without `.svg` */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}
